// Programs started in an image's context are on it, however they are started; and what goes wrong is what goes wrong outside.
import assert from 'node:assert/strict';
import { exec, execFile, execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { execa } from 'execa';
import { code, lab, withNet } from './lab.mjs';

const self = new URL(import.meta.url).pathname;
if (process.argv[2] === 'child') {
  process.on('message', (message) => process.send({ message, net: readlinkSync('/proc/self/ns/net') }, () => process.disconnect()));
} else {
  await lab(async (at) => {
    const [a, b] = [await withNet(at), await withNet(at)];
    const net = ['readlink', '/proc/self/ns/net'];
    const forms = {
      spawn: async () => String((await once(spawn(net[0], net.slice(1)).stdout, 'data'))[0]).trim(),
      exec: async () => (await promisify(exec)(net.join(' '))).stdout.trim(),
      execFile: async () => (await promisify(execFile)(net[0], net.slice(1))).stdout.trim(),
      execa: async () => (await execa(net[0], net.slice(1))).stdout.trim(),
      spawnSync: () => spawnSync(net[0], net.slice(1), { encoding: 'utf8' }).stdout.trim(),
      execSync: () => execSync(net.join(' '), { encoding: 'utf8' }).trim(),
      execFileSync: () => execFileSync(net[0], net.slice(1), { encoding: 'utf8' }).trim(),
      fork: async () => {
        const child = fork(self, ['child']);
        const exit = once(child, 'exit');
        child.send('hello');
        const [answer] = await once(child, 'message');
        assert.equal(answer.message, 'hello');
        assert.deepEqual(await exit, [0, null]);
        return answer.net;
      },
    };
    const host = readlinkSync('/proc/self/ns/net');
    const stacks = { a: forms.execSync.call(null), b: '' };
    stacks.a = await a.effective(forms.execSync);
    stacks.b = await b.effective(forms.execSync);
    assert.equal(new Set([host, stacks.a, stacks.b]).size, 3);
    for (const [name, form] of Object.entries(forms)) {
      assert.deepEqual([await form(), await a.effective(form), await b.effective(form), await a.effective({ only: [] }, form)], [host, stacks.a, stacks.b, host], name);
    }
    // It is what `imgctl exec -e` starts: with the view of the image, and with the caller's folder and user.
    assert.equal(await a.effective(() => execSync('ls /sys/class/net', { encoding: 'utf8' })), 'lo\n');
    const there = mkdtempSync(path.join(tmpdir(), 'vimage-'));
    const seen = (options) => execSync('pwd; id -u; id -g; echo $WORD', { encoding: 'utf8', cwd: there, env: { ...process.env, WORD: 'said' }, ...options });
    for (const options of [{}, { uid: 65534, gid: 65534 }]) {
      if (options.uid !== undefined) chmodSync(there, 0o755);
      assert.equal(await a.effective(() => seen(options)), seen(options));
    }

    // Another image's program is that image's, wherever it is started.
    for (const view of [true, false]) {
      const child = a.effective(() => b.spawn(net[0], net.slice(1), { effective: true, view, stdio: ['ignore', 'pipe', 'inherit'] }));
      assert.equal(String((await once(child.stdout, 'data'))[0]).trim(), stacks.b);
    }
    // And the kernel's own work is nobody's but ours.
    await a.effective(async () => { await (await at.image('vir', 'net')).destroy(); });

    // More descriptors than three, both ways; what is given on standard input; signals; exit statuses.
    const like = async (fn) => assert.deepEqual(await a.effective(fn), await fn(), fn.toString());
    await like(async () => {
      const child = spawn('sh', ['-c', 'cat <&4 >&5; exit 3'], { stdio: ['ignore', 'ignore', 'inherit', 'ignore', 'pipe', 'pipe'] });
      child.stdio[4].end('through');
      const [data] = await once(child.stdio[5], 'data');
      return [String(data), ...(child.exitCode === null ? await once(child, 'exit') : [child.exitCode, null])];
    });
    await like(() => spawnSync('cat', { input: 'given', encoding: 'utf8' }).output);
    await like(() => spawnSync('sh', ['-c', 'kill -KILL $$']).signal);
    await like(() => { const { status, signal, error } = spawnSync('sleep', ['20'], { timeout: 300 }); return [status, signal, error.code, error.syscall]; });
    await like(async () => {
      const child = spawn('sleep', ['20']);
      await once(child, 'spawn');
      assert.equal(readFileSync(`/proc/${child.pid}/comm`, 'utf8'), 'sleep\n');
      child.kill('SIGTERM');
      return once(child, 'exit');
    });
    await like(async () => {
      const controller = new AbortController();
      const child = spawn('sleep', ['20'], { signal: controller.signal });
      const failed = once(child, 'exit').catch((error) => error.name);
      await once(child, 'spawn');
      controller.abort();
      return failed;
    });
    await like(() => spawnSync('sh', ['-c', 'echo $0'], { argv0: 'called', encoding: 'utf8' }).stdout);
    await like(() => spawnSync('echo $0', { shell: '/bin/bash', encoding: 'utf8' }).stdout);
    await like(async () => {
      const child = spawn('sh', ['-c', 'test $(ps -o sid= -p $$) = $$ && echo leads'], { detached: true });
      return String((await once(child.stdout, 'data'))[0]);
    });

    // What cannot be started.
    const plain = path.join(there, 'plain');
    writeFileSync(plain, 'no program');
    const said = ({ code: its, errno, syscall, path: of, spawnargs, message }) => ({ code: its, errno, syscall, of, spawnargs, message });
    const error = async (fn) => { try { return await fn(); } catch (thrown) { return said(thrown); } };
    for (const file of ['no-such-program', '/no/such/program', plain, there, '/etc/passwd/x']) {
      await like(() => error(() => execFileSync(file, ['x'], { stdio: 'pipe' })));
      await like(() => said(spawnSync(file, ['x']).error));
      await like(() => error(() => promisify(execFile)(file, ['x'])));
      await like(() => error(async () => {
        const child = spawn(file, ['x']);
        const events = [];
        for (const name of ['spawn', 'exit', 'close']) child.on(name, (...args) => events.push([name, ...args]));
        const failed = await new Promise((resolve) => { child.on('error', resolve); });
        await new Promise((resolve) => { setTimeout(resolve, 50); });
        return [said(failed), child.pid, child.exitCode, events];
      }));
    }
    await like(() => error(() => execFileSync('true', [], { cwd: '/no/such/folder' })));
    await like(() => error(() => promisify(exec)('exit 5')));
    rmSync(there, { recursive: true });

    // Who lives there.
    const proc = await at.image('vir', 'net', 'vir', 'proc');
    assert.equal(await proc.run(() => execSync('echo $$; readlink /proc/self/ns/net', { encoding: 'utf8' }).split('\n').length), 3);
    assert.equal((await proc.run(() => code(() => promisify(execFile)('no-such-program')))), 'ENOENT');
    // On the process table, where it is asked for.
    assert.match(await proc.effective({ only: ['proc'] }, () => execSync('ps ax', { encoding: 'utf8' })), /imgexec init/);

    // No process and no descriptor stays behind what failed.
    assert.equal(execSync(`ps -o stat= --ppid ${process.pid}`, { encoding: 'utf8' }).split('\n').filter((line) => line.startsWith('Z')).length, 0);

    await a.destroy();
    assert.equal(await code(() => a.effective(() => execSync('true'))), 'ESRCH');
  });
}
