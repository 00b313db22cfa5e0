// Run by kill.root.test.ts, many at once: makes and removes images, some of the same names.
import { LinuxSubstrate } from '../../dist/index.js';

const linux = new LinuxSubstrate();
linux.open();
const outcome = { made: 0, refused: 0 };
for (let i = 0; i < 6; i++) {
  const name = i % 2 === 0 ? `own${process.pid}` : `shared${i}`;
  const lock = await linux.lock();
  let image;
  try {
    const serial = linux.serial();
    const stage = await linux.stage({ name, serial, persist: true }, false);
    const ns = linux.netnsCreate();
    try {
      const step = { ...(await linux.pin(serial, 'net', ns)), component: 'net' };
      image = { name, serial, address: { hi: 1, lo: 1, prefix: 16 }, persist: true, state: 'live', pairs: [['name', name]], saved: new Map() };
      await stage.publish(image, [step]);
      stage.release();
      outcome.made++;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      image = undefined;
      ns.close();
      await stage.abort();
      outcome.refused++;
    }
    ns.close();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
  if (image === undefined) continue;
  const again = await linux.lock();
  if (!(await linux.retire(image, await linux.stage(image, true)))) throw new Error('dying');
  await again[Symbol.asyncDispose]();
}
await linux.close();
console.log(JSON.stringify(outcome));
