// npm run kernel -- --image linux-image-VERSION.deb [--memory 4G] [--kvm] -- COMMAND...
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeInitrd } from './initrd.mjs';

const usage = `usage: npm run kernel -- --image FILE.deb [--memory SIZE] [--kvm] [-- COMMAND...]

Runs COMMAND (bash, if none is given) in this folder under the kernel of a Debian package, as root of a virtual machine that has
this machine's files, read-only below a layer that is gone with it, cgroup v2 with all controllers, and no network but loopback.
Takes Debian's qemu-system-x86 and busybox-static; the kernel: apt-get download linux-image-6.1.0-50-amd64 (or any other).
Without --kvm it is emulated: some fifteen times slower.`;

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { image: { type: 'string' }, memory: { type: 'string', default: '4G' }, kvm: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
});
if (values.help || values.image === undefined || statSync(values.image, { throwIfNoEntry: false }) === undefined) {
  console.error(values.help || values.image === undefined ? usage : `${values.image}: there is no such file\n\n${usage}`);
  process.exit(2);
}

const ended = /^vimage-kernel: ended (\d+)\s*$/;
const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-kernel-'));
try {
  const { kernel, initrd } = makeInitrd(values.image, scratch, { folder: root, command: positionals });
  const speed = values.kvm ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', 'max'];
  const child = spawn('qemu-system-x86_64', [
    ...speed, '-m', values.memory, '-smp', '2', '-nographic', '-no-reboot', '-nic', 'none', '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1',
    '-virtfs', 'local,path=/,mount_tag=machine,security_model=passthrough,readonly=on,multidevs=remap',
  ], { stdio: ['inherit', 'pipe', 'inherit'] });
  let [begun, status] = [false, undefined];
  for await (const line of createInterface({ input: child.stdout })) {
    const found = ended.exec(line);
    if (found !== null) status = Number(found[1]);
    else if (begun && status === undefined) console.log(line.trimEnd());
    begun ||= line.includes('vimage-kernel: begun');
  }
  if (!begun) console.error(`the kernel of ${values.image} did not start${values.kvm ? '; without --kvm it may' : ''}`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(scratch, { recursive: true });
}
