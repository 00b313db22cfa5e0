import type { ParamType } from '@vimage/core';
import { refuse } from './refuse.ts';

/** A sysctl(8) key below `net.`, which every network stack has of its own. EINVAL. */
export function sysctlKeyType(): ParamType<string> {
  const expected = 'a sysctl below net, such as net.ipv4.ip_forward';
  return {
    kind: 'sysctl',
    expected,
    schema: { type: 'string', pattern: '^net\\.[A-Za-z0-9_./-]+$' },
    candidates: ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ping_group_range'],
    parse(text) {
      if (!/^net(\.[A-Za-z0-9_@/-]+)+$/.test(text)) {
        throw refuse(expected, text, text.startsWith('net.') ? undefined : 'only net.* belongs to a network stack');
      }
      if (sysctlPath(text).split('/').some((part) => part === '' || part === '.' || part === '..')) throw refuse(expected, text);
      return text;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}

/** Path of a key below /proc/sys: dots part it, a slash stands for a dot within a name (`net.ipv4.conf.eth0/7.forwarding`). */
export function sysctlPath(key: string): string {
  return key.replace(/[./]/g, (c) => (c === '.' ? '/' : '.'));
}
