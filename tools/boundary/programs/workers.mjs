// A worker that is started in an image's context stands there, whatever it runs, and to the end.
import assert from 'node:assert/strict';
import { execFile, execFileSync, execSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { promisify } from 'node:util';
import { MessageChannel, Worker } from 'node:worker_threads';
import { ask, code, lab, serve, withNet } from './lab.mjs';

const imgctl = new URL('../../../packages/imgctl/bin/imgctl.js', import.meta.url).pathname;
const self = new URL(import.meta.url).pathname;
const work = new URL('at-work.mjs', import.meta.url);

function tell(worker, ...task) {
  worker.postMessage(task);
  return new Promise((resolve, reject) => {
    const heard = ({ name, result, error }) => {
      if (name !== task[0]) return;
      worker.off('message', heard);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    worker.on('message', heard);
  });
}

if (process.argv[2] === 'with arguments of its own') {
  await lab(async (at) => {
    const a = await withNet(at);
    const worker = a.effective(() => new Worker(work));
    assert.equal(await tell(worker, 'stack'), await a.effective(() => execSync('readlink /proc/self/ns/net', { encoding: 'utf8' }).trim()));
    assert.deepEqual((await tell(worker, 'tidy'))[0], process.execArgv);
    await worker.terminate();
  });
} else if (process.argv[2] === 'refused') {
  await lab(async (at) => {
    console.log(await code(async () => (await withNet(at)).effective(() => new Worker(work))));
  });
} else {
  await lab(async (at) => {
    const [a, b] = [await at.image('vir', 'net', 'hosts', 'there=127.0.0.2'), await at.image('vir', 'net', 'hosts', 'there=127.0.0.3')];
    const start = (name) => new Worker(work, { workerData: { name, port: 8080 } });
    const everywhere = async (fn) => [await fn('host'), await a.effective(() => fn('a')), await b.effective(() => fn('b'))];
    const workers = await everywhere(start);
    const each = (...task) => Promise.all(workers.map((worker) => tell(worker, ...task)));

    await each('serve');
    assert.deepEqual(await everywhere(() => ask()), ['host', 'a', 'b']);
    assert.deepEqual(await each('ask', 8080), ['host', 'a', 'b']);
    assert.deepEqual(await each('fetch', 8080), ['host', 'a', 'b']);
    const others = await everywhere(() => serve('main', 8081));
    assert.deepEqual(await each('ask', 8081), ['main', 'main', 'main']);
    for (const server of others) server.close();
    assert.deepEqual(await Promise.all(workers.slice(1).map((worker) => tell(worker, 'lookup', 'there'))), ['127.0.0.2', '127.0.0.3']);
    const stacks = await everywhere(() => execSync('readlink /proc/self/ns/net', { encoding: 'utf8' }).trim());
    assert.deepEqual(await each('stack'), stacks);
    assert.deepEqual(await each('nested'), stacks);
    assert.deepEqual((await each('interfaces')).slice(1), [['lo'], ['lo']]);
    assert.deepEqual(await tell(workers[1], 'tidy'), [process.execArgv, undefined, 'number']);
    assert.deepEqual((await a.refs()).filter(({ kind }) => kind === 'worker').map(({ detail }) => detail), [`thread ${workers[1].threadId}`]);

    // However it is started: of text, of a module of either kind, by a class of one's own, with arguments, data and ports of one's own; and in an image only where it is covered.
    const stack = "require('node:child_process').execSync('readlink /proc/self/ns/net').toString().trim()";
    const say = `require('node:worker_threads').parentPort.postMessage(${stack})`;
    class Own extends Worker {}
    const { Worker: required } = createRequire(import.meta.url)('node:worker_threads');
    const forms = {
      text: () => new Worker(say, { eval: true }),
      own: () => new Own(say, { eval: true }),
      required: () => new required(say, { eval: true }),
      arguments: () => new Worker(`if (process.execArgv[0] !== '--no-warnings') throw new Error(); ${say}`, { eval: true, execArgv: ['--no-warnings'] }),
      environment: () => new Worker(`if (process.env.WORD !== 'said') throw new Error(); ${say}`, { eval: true, env: { PATH: process.env.PATH, WORD: 'said' } }),
      port: () => {
        const { port1, port2 } = new MessageChannel();
        port1.close();
        return new Worker(`if (require('node:worker_threads').workerData.constructor.name !== 'MessagePort') throw new Error(); ${say}`, { eval: true, workerData: port2, transferList: [port2] });
      },
      url: () => new Worker(new URL(`data:text/javascript,import { parentPort } from 'node:worker_threads'; import { execSync } from 'node:child_process'; parentPort.postMessage(execSync('readlink /proc/self/ns/net').toString().trim())`)),
    };
    for (const [name, form] of Object.entries(forms)) {
      const stackOf = async () => {
        const worker = form();
        const [[said]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
        return said;
      };
      assert.deepEqual(await everywhere(stackOf), stacks, name);
      assert.equal(await a.effective({ only: [] }, stackOf), stacks[0], name);
    }
    assert.equal(await a.run(async () => (await once(forms.text(), 'message'))[0]), stacks[1]);
    assert.match((await promisify(execFile)(process.execPath, ['--expose-gc', '--max-old-space-size=300', '--title', 'x', '--conditions', 'x', '--no-warnings', self, 'with arguments of its own'])).stdout, /ok/);

    // What goes wrong is what goes wrong outside.
    for (const worker of await everywhere(start)) {
      const failed = once(worker, 'error');
      worker.postMessage(['fail']);
      assert.equal((await failed)[0].message, 'as it was told');
    }
    assert.equal(await a.effective(() => code(() => new Worker('x', { eval: true, execArgv: ['--title', 'x'] }))), 'ERR_WORKER_INVALID_EXEC_ARGV');
    assert.equal(await a.effective(() => code(() => new Worker(5))), 'ERR_INVALID_ARG_TYPE');
    const proc = await at.image('vir', 'net', 'vir', 'proc');
    assert.equal(await proc.run(() => code(() => forms.text())), 'EOPNOTSUPP');
    assert.equal(await proc.effective({ only: ['proc'] }, () => code(() => forms.text())), 'EOPNOTSUPP');
    await once(proc.effective(() => forms.text()), 'exit');

    // Removed: its sockets end with an error, later calls are refused, and it goes on.
    const [, first, second] = workers;
    const heard = tell(first, 'closed');
    await tell(first, 'ask', 8080);
    assert.deepEqual((await a.destroy()).dying, []);
    assert.equal(await heard, 'ECONNABORTED');
    assert.equal(await tell(first, 'refused'), 'ESRCH');

    // By another process; one that is busy keeps it dying for as long.
    const told = tell(second, 'closed');
    await promisify(execFile)(process.execPath, [imgctl, 'destroy', b.name]);
    assert.equal(await told, 'ECONNABORTED');
    assert.equal(await tell(second, 'refused'), 'ESRCH');
    const c = await withNet(at);
    const third = c.effective(() => start('c'));
    await tell(third, 'serve');
    third.postMessage(['busy', 1500]);
    assert.deepEqual((await c.destroy()).dying, [c.name]);
    await tell(third, 'tidy');
    await at.kernel.gc();
    assert.deepEqual((await at.kernel.list({ dying: true })).filter(({ name }) => name === c.name), []);

    // Kept, also there.
    const d = await withNet(at);
    const fourth = d.effective(() => start('d'));
    await tell(fourth, 'serve');
    assert.deepEqual((await d.destroy({ sockets: 'keep' })).dying, [d.name]);
    assert.equal(await tell(fourth, 'refused'), 'ESRCH');
    assert.deepEqual((await at.kernel.list({ dying: true })).filter(({ name }) => name === d.name).length, 1);
    await fourth.terminate();
    await at.kernel.gc();
    assert.deepEqual((await at.kernel.list({ dying: true })).filter(({ name }) => name === d.name), []);

    // On two images: one goes after the other, and what it has in the second keeps that until it hears of it.
    const outer = await at.image('children.max', '1', 'vir', 'net');
    const inner = await at.kernel.create(['name', `${outer.name}.i`, 'vir', 'net']);
    const fifth = outer.run(() => inner.effective(() => start('inner')));
    await tell(fifth, 'serve');
    fifth.postMessage(['busy', 1000]);
    assert.deepEqual((await outer.destroy({ recursive: true })).dying, [inner.name]);
    await at.kernel.gc();
    assert.equal((await at.kernel.list({ dying: true })).filter(({ name }) => name === inner.name).length, 1);
    await tell(fifth, 'tidy');
    await at.kernel.gc();
    assert.deepEqual((await at.kernel.list({ dying: true })).filter(({ name }) => name === inner.name), []);
    await fifth.terminate();
    // The same in the main thread, with a socket open.
    const around = await at.image('children.max', '1', 'vir', 'net');
    const within = await at.kernel.create(['name', `${around.name}.i`, 'vir', 'net']);
    const open = await around.run(() => within.effective(() => serve('within', 8083)));
    assert.deepEqual((await around.destroy({ recursive: true })).dying, []);
    assert.equal(open.listening, false);

    // Found to be gone by a call, before anything else tells of it: sockets and workers are told all the same.
    const f = await withNet(at);
    const sixth = f.effective(() => start('f'));
    await tell(sixth, 'serve');
    const sixthHeard = tell(sixth, 'closed');
    const main = await f.effective(() => serve('main', 8082));
    const mainHeard = new Promise((resolve) => { main.removeAllListeners('error').on('error', ({ code }) => resolve(code)); });
    execFileSync(process.execPath, [imgctl, 'destroy', f.name]);
    f.effective(() => net.connect(1, '127.0.0.1').on('error', () => undefined));
    assert.deepEqual(await Promise.all([sixthHeard, mainHeard]), ['ECONNABORTED', 'ECONNABORTED']);
    await sixth.terminate();

    // Whatever becomes of the listeners, what ends lets go.
    const g = await withNet(at);
    const seventh = g.effective(() => start('g')).removeAllListeners();
    await seventh.terminate();
    const held = async () => (await g.refs()).filter(({ kind }) => kind === 'worker' || kind === 'cred');
    for (const until = Date.now() + 2000; (await held()).length > 0 && Date.now() < until;) await new Promise((resolve) => { setTimeout(resolve, 10); });
    assert.deepEqual(await held(), []);

    // Options as Node takes them; and how it was started.
    assert.equal(await g.effective(() => code(() => new Worker('', { eval: true, execArgv: 'x' }))), 'ERR_INVALID_ARG_TYPE');
    assert.equal(await g.effective(() => code(() => new Worker('', null))), await code(() => new Worker('', null)));
    for (const options of [{ eval: true, execArgv: null }, Object.create({ eval: true }), Object.freeze({ eval: true }), { eval: true, transferList: undefined }]) await once(g.effective(() => new Worker('', options)), 'exit');
    for (const flag of ['--experimental-loader=data:text/javascript,', '--no-experimental-require-module']) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', flag, self, 'refused'], { timeout: 20_000 });
      assert.match(stdout, /EOPNOTSUPP\nok/, flag);
    }

    // Started in numbers and ended at any moment, nothing stays behind.
    for (const worker of [...workers, third]) await worker.terminate();
    const e = await withNet(at);
    const fds = () => readdirSync('/proc/self/fd').length;
    const stopped = async (after) => {
      const worker = e.effective(() => new Worker(work, { workerData: { name: 'e', port: 0 } }));
      if (after === undefined) await tell(worker, 'serve');
      else await new Promise((resolve) => { setTimeout(resolve, after); });
      await worker.terminate();
    };
    await stopped();
    const before = fds();
    await Promise.all([undefined, 0, 1, 5, 20, 40, undefined, 80].map(stopped));
    assert.ok(fds() <= before + 1, `${before} descriptors, then ${fds()}`);
    assert.equal(execFileSync('ps', ['-o', 'stat=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split('\n').filter((line) => line.startsWith('Z')).length, 0);
  });
}
