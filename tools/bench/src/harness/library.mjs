// The library under test: as built, the way a user has it.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { timed } from './alternate.mjs';
import { compiled, must } from './machine.mjs';

export const registry = '/run/vimage';

/** Runs `work` with a booted kernel that has net and proc (and `more` components), and closes it; nothing of any image may be left then. */
export async function withKernel(work, more = []) {
  const [{ boot }, { linux }, { vnet }, { vproc }] = await Promise.all([
    import('@vimage/core'), import('@vimage/linux'), import('@vimage/vnet'), import('@vimage/vproc'),
  ]);
  const kernel = await boot({ substrate: linux(), components: [...more, vnet, vproc] });
  try {
    return await work(kernel);
  } finally {
    await kernel.close();
    checkNothingLeft();
  }
}

/** Runs `work` with an image, and destroys it. */
export async function withImage(kernel, spec, work) {
  const image = await kernel.create(spec);
  try {
    await checkThere(kernel, image);
    return await work(image);
  } finally {
    checkRemoved(await image.destroy({ grace: 0 }), [image.name]);
  }
}

/** Nanoseconds for `count` images, one after the other: made and removed. */
export async function createDestroy(kernel, count) {
  const reports = [];
  const took = await timed(async () => {
    for (let i = 0; i < count; i++) {
      const image = await kernel.create(netSpec('web'));
      reports.push(await image.destroy({ grace: 0 }));
    }
  });
  for (const report of reports) checkRemoved(report, ['web']);
  return took;
}

/** Nanoseconds for `count` images that are there at the same time: all made, then all removed. */
export async function createAllDestroyAll(kernel, count) {
  const images = [];
  const reports = [];
  let took = await timed(async () => {
    for (let i = 0; i < count; i++) images.push(await kernel.create(netSpec(`n${i}`)));
  });
  if (pinned().size !== count) throw new Error(`${pinned().size} pins, not ${count}`);
  took += await timed(async () => {
    for (const image of images) reports.push(await image.destroy({ grace: 0 }));
  });
  reports.forEach((report, i) => checkRemoved(report, [`n${i}`]));
  return took;
}

export const netSpec = (name) => ({ name, persist: true, net: {} });

export function checkRemoved(report, names) {
  for (const name of names) {
    if (!report.removed.includes(name)) throw new Error(`destroy of ${name} removed ${report.removed.join(', ') || 'nothing'}`);
    if (existsSync(`${registry}/img/${name.replaceAll('.', '/img/')}`)) throw new Error(`${name} is still in the registry`);
  }
  if (report.dying.length > 0) throw new Error(`left dying: ${report.dying.join(', ')}`);
}

/** What is pinned, as the kernel has it: inode by `SERIAL/NAME`. */
export function pinned() {
  if (!existsSync(`${registry}/mnt`)) return new Map();
  const lines = must(compiled('pins'), [`${registry}/mnt`]).trim().split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split(' ')));
}

/** Throws unless an image is in the registry, listed, and has a network stack of its own, which is pinned. */
export async function checkThere(kernel, image) {
  if (!(await kernel.list()).some(({ name, state }) => name === image.name && state === 'live')) throw new Error(`${image.name} is not listed`);
  if (!existsSync(`${registry}/img/${image.name}/plan`)) throw new Error(`${image.name} has no plan`);
  const inside = pinned().get(`${image.serial}/net`);
  if (inside === undefined) throw new Error(`${image.name} is not pinned`);
  if (inside === String(statSync('/proc/self/ns/net').ino)) throw new Error(`${image.name} has our own network stack`);
}

/** Throws unless nothing of any image is left. */
export function checkNothingLeft() {
  const left = [...pinned().keys()];
  if (left.length > 0) throw new Error(`pins are left: ${left.slice(0, 5).join(', ')}`);
  const names = existsSync(`${registry}/img`) ? readdirSync(`${registry}/img`) : [];
  if (names.length > 0) throw new Error(`the registry still has ${names.slice(0, 5).join(', ')}`);
}
