import { VimageError, suggestion, type ParamType } from '@vimage/core';

/** How many numbers a setting has, and the most each may be; what the kernel has beyond that it says itself. */
interface Shape {
  readonly numbers: number;
  readonly most: bigint;
}

const int: Shape = { numbers: 1, most: (1n << 31n) - 1n };
const long: Shape = { numbers: 1, most: (1n << 64n) - 1n };

/** A sysctl(8) key that each ipc namespace has of its own: proc_sys_kernel(5), mq_overview(7). */
export type SysctlKey =
  | 'kernel.shmmax' | 'kernel.shmall' | 'kernel.shmmni' | 'kernel.shm_rmid_forced' | 'kernel.sem' | 'kernel.msgmax' | 'kernel.msgmnb' | 'kernel.msgmni'
  | 'fs.mqueue.queues_max' | 'fs.mqueue.msg_max' | 'fs.mqueue.msgsize_max' | 'fs.mqueue.msg_default' | 'fs.mqueue.msgsize_default';

const shapes: Readonly<Record<SysctlKey, Shape>> = {
  'kernel.shmmax': long,
  'kernel.shmall': long,
  'kernel.shmmni': int,
  'kernel.shm_rmid_forced': { numbers: 1, most: 1n },
  'kernel.sem': { numbers: 4, most: int.most },
  'kernel.msgmax': int,
  'kernel.msgmnb': int,
  'kernel.msgmni': int,
  'fs.mqueue.queues_max': int,
  'fs.mqueue.msg_max': int,
  'fs.mqueue.msgsize_max': int,
  'fs.mqueue.msg_default': int,
  'fs.mqueue.msgsize_default': int,
};

function isKey(text: unknown): text is SysctlKey {
  return typeof text === 'string' && Object.hasOwn(shapes, text);
}

const keys: readonly SysctlKey[] = Object.keys(shapes).filter(isKey);

/** One of {@link SysctlKey}. EINVAL, with the nearest. */
export function sysctlKeyType(): ParamType<SysctlKey> {
  const expected = 'a sysctl of an IPC namespace, such as kernel.shmmax';
  return {
    kind: 'sysctl',
    expected,
    schema: { type: 'string', enum: keys },
    candidates: keys,
    parse(text) {
      if (isKey(text)) return text;
      const hint = suggestion(text, keys) ?? `there are ${keys.join(', ')}`;
      throw new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text.slice(0, 80))}`, { hint });
    },
    print: (value) => value,
    is: isKey,
  };
}

/** What a section says, by key. */
export type Sysctls = ReadonlyMap<SysctlKey, string>;

/** A value as the kernel takes and shows it, but for the space between numbers. */
export function plain(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

export function sysctlsOf({ sysctl = [] }: { readonly sysctl?: readonly { readonly key: SysctlKey; readonly value: string }[] }): Sysctls {
  return new Map(sysctl.map(({ key, value }) => [key, plain(value)]));
}

/** EINVAL, ERANGE: no kernel would take that value. EEXIST: a key is given twice. */
export function checkSysctls(given: readonly { readonly key: SysctlKey; readonly value: string }[] = []): void {
  const seen = new Set<SysctlKey>();
  for (const { key, value } of given) {
    if (seen.has(key)) throw new VimageError('EEXIST', `sysctl is given twice for "${key}"`, { subject: 'sysctl' });
    seen.add(key);
    const { numbers, most } = shapes[key];
    const parts = plain(value).split(' ');
    if (parts.length !== numbers || parts.some((part) => !/^(0|[1-9]\d{0,20})$/.test(part))) {
      const expected = numbers === 1 ? 'a whole number' : 'four whole numbers, SEMMSL SEMMNS SEMOPM SEMMNI';
      throw new VimageError('EINVAL', `sysctl ${key}: expected ${expected}, not ${JSON.stringify(value)}`, { subject: key });
    }
    if (parts.some((part) => BigInt(part) > most)) throw new VimageError('ERANGE', `sysctl ${key}: ${value} is more than ${most}`, { subject: key });
  }
}
