import { readFileSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import { neededCaps } from '../abi/process.ts';

/** EPERM, naming the right that is missing and what to do, unless this process may make images. */
export function needRights(): void {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  const caps = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const missing = neededCaps.filter(([, bit]) => (caps & (1n << BigInt(bit))) === 0n).map(([name]) => name);
  const uid = process.geteuid?.() ?? 0;
  if (uid !== 0) {
    throw new VimageError('EPERM', `images are made by root of the machine, or of your own namespaces, and this is uid ${uid}`, {
      subject: `uid ${uid}`,
      hint: 'start this program in your own namespaces: imgctl rootless -- node app.js; imgctl itself does so',
    });
  }
  if (missing.length > 0) {
    throw new VimageError('EPERM', `root here lacks ${missing.join(' and ')}`, {
      subject: missing.join(','),
      hint: 'in an image, have them permitted from outside: imgctl set NAME vir priv allow.images true\n'
        + 'in a container, give it these capabilities (docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_CHROOT --cap-add SYS_PTRACE), or run on the host',
    });
  }
}
