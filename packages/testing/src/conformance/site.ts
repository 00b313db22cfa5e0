import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { boot } from '@vimage/core';
import type { ImageHandle, Kernel, Pairs } from '@vimage/core';
import { linux, registryRoot } from '@vimage/linux';
import { leaks, machine } from '../leaks.ts';
import type { Machine } from '../leaks.ts';
import type { Examples, Words } from './examples.ts';
import { watchNode } from './node.ts';

/** How long what the kernel frees in its own time may take, in milliseconds. */
const patience = 10_000;

let count = 0;

/** The machine, for one check: a kernel with the component, and names that nobody else has. */
export class Site {
  readonly kernel: Kernel;
  readonly #examples: Examples;
  readonly #names: Set<string> = new Set();

  constructor(kernel: Kernel, examples: Examples) {
    this.kernel = kernel;
    this.#examples = examples;
  }

  name(): string {
    count += 1;
    const name = `conforms_${process.pid}_${count}`;
    this.#names.add(name);
    return name;
  }

  /** The pairs of an image with such a section. */
  pairs(name: string, words: Words, own: Words = []): string[] {
    return ['name', name, ...own, ...(this.#examples.before ?? []), 'vir', this.#examples.component.name, ...words];
  }

  make(words: Words, own: Words = []): Promise<ImageHandle> {
    return this.kernel.create(this.pairs(this.name(), words, own));
  }

  /** Removes what a check that has failed did not. */
  async clear(): Promise<void> {
    const names = (await this.kernel.list()).map(({ name }) => name);
    for (const name of names) {
      if (this.#names.has(name)) await this.kernel.destroy(name, { grace: 0 }).catch(() => undefined);
    }
  }

  /** An image that has nothing of the component. */
  plain(): Promise<ImageHandle> {
    return this.kernel.create(['name', this.name(), ...(this.#examples.before ?? [])]);
  }

  /** What the example's program says of an image, which it calls NAME, as one of another name that it may have had; undefined where there is no such program. */
  async looks(image: ImageHandle, other: string = image.name): Promise<string | undefined> {
    const { looks } = this.#examples;
    return looks === undefined ? undefined : (await output(image, looks, false)).replaceAll(image.name, 'NAME').replaceAll(other, 'NAME');
  }

  /** What it says of the machine itself. */
  machineLooks(): string | undefined {
    const [command, ...args] = this.#examples.looks ?? [];
    return command === undefined ? undefined : execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }

  /** What it says of a new image with these pairs, but for the name. */
  async looksAnew(pairs: Pairs): Promise<string | undefined> {
    const name = this.name();
    const image = await this.kernel.create(pairs.map(([key, value]) => [key, key === 'name' ? name : value] as const));
    const said = await this.looks(image);
    await image.destroy({ grace: 0 });
    return said;
  }

  /** What is on the machine once a kernel that has made an image, and run programs in it, has what it keeps. */
  async stock(): Promise<Machine> {
    const [words = []] = this.#examples.good;
    const image = await this.make(words);
    for (let i = 0; i < 2; i++) await runs(image, false);
    await image.destroy({ grace: 0 });
    return machine();
  }
}

/** Runs a check with a kernel of its own, which is closed after it; nothing may be left then, also of descriptors. */
export async function onSite(examples: Examples, check: (site: Site) => Promise<void>): Promise<void> {
  await streamed();
  const before = machine();
  const written = new Set<string>();
  // What is in the registry the kernel clears up, also later.
  const stop = watchNode((_name, path) => { if (path?.startsWith('/') === true && !path.startsWith(`${registryRoot()}/`) && !existsSync(path)) written.add(path); });
  try {
    const kernel = await bootWith(examples);
    const site = new Site(kernel, examples);
    try {
      const looked = site.machineLooks();
      await check(site);
      assert.equal(site.machineLooks(), looked, 'what it does to an image is seen on the machine itself');
    } finally {
      await site.clear();
      await kernel.close();
    }
  } finally {
    stop();
  }
  await nothingLeft(before, 'the kernel, closed,', kindsOfAll);
  assert.deepEqual([...written].filter((path) => existsSync(path)), [], 'files were left');
}

/** Makes a stream, once: libuv keeps a descriptor from its first one on. */
async function streamed(): Promise<void> {
  const child = spawn('true', { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve, reject) => { child.on('close', resolve).on('error', reject); });
}

export function bootWith({ component, beside = [] }: Examples): Promise<Kernel> {
  return boot({ substrate: linux(), components: [...beside, component] });
}

/** What a program that is run in it, or on it, prints. */
export async function output(image: ImageHandle, [command = '', ...args]: Words, effective: boolean): Promise<string> {
  const child = image.spawn(command, args, { effective, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.on('data', (data: Buffer) => { text += String(data); });
  const code = await new Promise((resolve, reject) => { child.on('close', resolve).on('error', reject); });
  assert.equal(code, 0, `${command} could not be run in it`);
  return text;
}

/** Runs a program in it, or on it, to its end. */
export async function runs(image: ImageHandle, effective: boolean): Promise<void> {
  const child = image.spawn('true', [], { effective, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve, reject) => { child.on('exit', resolve).on('error', reject); });
  assert.equal(code, 0, `a program could not be run ${effective ? 'on' : 'in'} it`);
}

/** A kernel keeps descriptors of its own as long as it is open. */
const kinds = ['mounts', 'namespaces', 'links', 'processes', 'cgroups'] as const;
const kindsOfAll = [...kinds, 'fds'] as const;

/** Asserts that nothing is there that was not before. */
export async function nothingLeft(before: Machine, what: string, only: readonly (keyof Machine)[] = kinds): Promise<void> {
  const until = Date.now() + patience;
  for (;;) {
    const left = leaks(before, machine(), only);
    if (left.length === 0) return;
    if (Date.now() > until) assert.deepEqual(left, [], `${what} left something`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
