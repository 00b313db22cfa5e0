import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Of the kernel's modules, those that a virtual machine, namespaces, networks and file systems may ask for. */
const modules = ['net', 'lib', 'crypto', 'fs/9p', 'fs/netfs', 'fs/fscache', 'fs/overlayfs', 'fs/fuse', 'fs/nls', 'drivers/virtio', 'drivers/net', 'drivers/char', 'drivers/block'];
const unused = ['drivers/net/wireless', 'drivers/net/ethernet', 'net/wireless', 'net/mac80211', 'net/bluetooth'];

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** Writes what a kernel package is started with; `command` is run in `folder`. Returns the paths of both files. */
export function makeInitrd(deb, scratch, { folder, command }) {
  const busybox = (...args) => execFileSync('busybox', args, { cwd: top, maxBuffer: 1 << 30 });
  const unpacked = path.join(scratch, 'package');
  const top = path.join(scratch, 'initrd');
  execFileSync('dpkg-deb', ['-x', deb, unpacked]);
  const from = path.join(unpacked, 'lib/modules');
  const [release = ''] = readdirSync(from);
  for (const dir of ['bin', 'proc', 'sys', 'dev', 'machine', 'layer', 'root']) mkdirSync(path.join(top, dir), { recursive: true });
  cpSync('/bin/busybox', path.join(top, 'bin/busybox'));
  const skip = unused.map((each) => path.join(from, release, 'kernel', each));
  for (const each of modules) {
    cpSync(path.join(from, release, 'kernel', each), path.join(top, 'lib/modules', release, 'kernel', each), { recursive: true, filter: (file) => !skip.some((dir) => file.startsWith(dir)) });
  }
  busybox('depmod', '-b', top, release);
  cpSync(new URL('init.sh', import.meta.url), path.join(top, 'init'));
  chmodSync(path.join(top, 'init'), 0o755);
  const words = command.length === 0 ? ['bash'] : command;
  writeFileSync(path.join(top, 'job'), `export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\ncd ${quoted(folder)}\n${words.map(quoted).join(' ')}\n`);
  const files = execFileSync('find', ['.'], { cwd: top });
  const initrd = path.join(scratch, 'initrd.cpio');
  writeFileSync(initrd, execFileSync('busybox', ['cpio', '-o', '-H', 'newc'], { cwd: top, input: files, maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'ignore'] }));
  const kernel = readdirSync(path.join(unpacked, 'boot')).find((name) => name.startsWith('vmlinuz'));
  if (kernel === undefined || statSync(initrd).size === 0) throw new Error(`${deb} is no package of a kernel`);
  return { kernel: path.join(unpacked, 'boot', kernel), initrd };
}
