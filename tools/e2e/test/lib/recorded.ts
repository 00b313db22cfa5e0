import path from 'node:path';
import { decodePairs, encodePairs, type Pair, type Pairs } from '@vimage/core';
import { joinStepsOf } from './plan.ts';
import type { World } from './world.ts';

/** An image's files as a release wrote them: what the machine or the moment gave to them has names in braces. */
export interface Recorded {
  readonly name: string;
  readonly pairs: Pairs;
  readonly plan: Pairs;
}

const fileOf = (image: string, file: string): string => `/run/vimage/img/${image.replaceAll('.', '/img/')}/${file}`;

async function read(world: World, image: string, file: string): Promise<Pairs> {
  return decodePairs(Buffer.from(await world.sh(`base64 -w0 ${fileOf(image, file)}`), 'base64'));
}

async function write(world: World, image: string, file: string, pairs: Pairs): Promise<void> {
  const at = fileOf(image, file);
  const { status, err } = await world.run(['sh', '-c', 'base64 -d > "$0"', at], { input: Buffer.from(encodePairs(pairs)).toString('base64') });
  if (status !== 0) throw new Error(`${at}: ${err}`);
}

/** What is given by the machine or the moment in the plans of these images, longest first, with its name. */
async function givenTo(world: World, images: readonly string[]): Promise<readonly (readonly [text: string, name: string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const image of images) {
    const plan = await read(world, image, 'plan');
    const head = new Map(plan);
    const cgroup = head.get('cgroup');
    if (cgroup !== undefined) found.push([path.dirname(cgroup), `{cgroup ${image}}`]);
    // Its pid 1, by number and start.
    const first = /"first","([0-9 ]+)"/.exec(head.get('x-saved.proc') ?? '')?.[1];
    if (first !== undefined) found.push([first, `{first ${image}}`]);
    found.push(...plan.filter(([key]) => key === 'cgroup.limit').map(([, value], i) => [value, `{limit ${image} ${i}}`] as const));
    found.push([head.get('serial') ?? '', `{serial ${image}}`], [head.get('x-edit') ?? '', `{edit ${image}}`]);
    for (const { type, ino, id } of joinStepsOf(plan)) found.push([ino, `{ino ${image} ${type}}`], ...(id === undefined ? [] : [[id, `{id ${image} ${type}}`] as const]));
  }
  return found.filter(([text]) => text.length > 2).sort(([a], [b]) => b.length - a.length);
}

const replaced = (pairs: Pairs, from: 0 | 1, names: readonly (readonly [string, string])[]): Pairs =>
  pairs.map(([key, value]): Pair => [key, names.reduce((text, name) => text.replaceAll(name[from], name[from === 0 ? 1 : 0]), value)]);

/** Images as they stand, to be kept. */
export async function record(world: World, images: readonly string[]): Promise<readonly Recorded[]> {
  const names = await givenTo(world, images);
  const all: Recorded[] = [];
  for (const name of images) all.push({ name, pairs: await read(world, name, 'pairs'), plan: replaced(await read(world, name, 'plan'), 0, names) });
  return all;
}

/** Puts the files of a release in the place of those of the same images, which this version has made; why not, where this machine has not what the record's had. */
export async function replay(world: World, images: readonly Recorded[]): Promise<string | undefined> {
  const names = await givenTo(world, images.map(({ name }) => name));
  for (const { name, pairs, plan } of images) {
    const whole = replaced(plan, 1, names);
    const open = whole.find(([, value]) => /\{(serial|ino|id|cgroup|limit|first|edit) /.test(value));
    if (open !== undefined) return `needs the cgroups of the machine where it was recorded: ${name}, ${open.join(' ')}`;
    await write(world, name, 'pairs', pairs);
    await write(world, name, 'plan', whole);
  }
  return undefined;
}
