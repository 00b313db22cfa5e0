// Run by kill.root.test.ts in a private mount namespace: one create-and-remove, killed (or failing) at the n-th act.
import { LinuxSubstrate } from '../../dist/index.js';
import { onCall } from '../../dist/door.js';

const [, , what, at, how] = process.argv;
const linux = new LinuxSubstrate();
let count = 0;
const arm = () => onCall((name, index) => {
  count = index + 1;
  if (index !== Number(at)) return;
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  throw new Error(`stopped at ${name}`);
});

async function make(name) {
  const lock = await linux.lock();
  let stage, ns;
  try {
    const serial = linux.serial();
    stage = await linux.stage({ name, serial, persist: true }, false);
    ns = linux.netnsCreate();
    stage.journal('net', [['took', name]]);
    const step = { ...(await linux.pin(serial, 'net', ns)), component: 'net' };
    stage.file('net', 'resolv.conf', 'nameserver 10.0.0.1\n');
    const image = { name, serial, address: { hi: 1, lo: 1, prefix: 16 }, persist: true, state: 'live', pairs: [['name', name]], saved: new Map() };
    await stage.publish(image, [step]);
    stage.release();
    return image;
  } catch (error) {
    ns?.close();
    onCall(undefined);
    await stage?.abort();
    throw error;
  } finally {
    ns?.close();
    await lock[Symbol.asyncDispose]();
  }
}

async function remove(image) {
  const lock = await linux.lock();
  try {
    const stage = await linux.stage(image, true);
    stage.settle('net', []);
    if (!(await linux.retire(image, stage))) throw new Error('it is dying');
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

linux.open();
try {
  if (what === 'create') arm();
  const image = await make('web');
  if (what === 'remove') {
    const child = linux.spawn(image, { command: 'sleep', args: ['1000'], effective: false, only: [], detach: true }, 'ignore');
    await new Promise((resolve) => child.on('exit', resolve));
    arm();
    await linux.doom([image]);
    await linux.end(image, { grace: 0 });
    await remove(image);
  }
  onCall(undefined);
  await linux.close();
  console.log(`done ${count}`);
} catch (error) {
  console.log(`failed ${error.message}`);
  onCall(undefined);
  await linux.close().catch(() => undefined);
}
