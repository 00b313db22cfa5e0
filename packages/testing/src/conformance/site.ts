import assert from 'node:assert/strict';
import { boot } from '@vimage/core';
import type { ImageHandle, Kernel } from '@vimage/core';
import { linux } from '@vimage/linux';
import { leaks, machine } from '../leaks.ts';
import type { Machine } from '../leaks.ts';
import type { Examples, Words } from './examples.ts';

/** How long what the kernel frees in its own time may take, in milliseconds. */
const patience = 10_000;

let count = 0;

/** The machine, for one check: a kernel with the component, and names that nobody else has. */
export class Site {
  readonly kernel: Kernel;
  readonly #examples: Examples;

  constructor(kernel: Kernel, examples: Examples) {
    this.kernel = kernel;
    this.#examples = examples;
  }

  name(): string {
    count += 1;
    return `conforms_${process.pid}_${count}`;
  }

  /** The pairs of an image with such a section. */
  pairs(name: string, words: Words, own: Words = []): string[] {
    return ['name', name, ...own, ...(this.#examples.before ?? []), 'vir', this.#examples.component.name, ...words];
  }

  make(words: Words, own: Words = []): Promise<ImageHandle> {
    return this.kernel.create(this.pairs(this.name(), words, own));
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
  const before = machine();
  const kernel = await bootWith(examples);
  try {
    await check(new Site(kernel, examples));
  } finally {
    await kernel.close();
  }
  await nothingLeft(before, 'the kernel, closed,', kindsOfAll);
}

export function bootWith({ component, beside = [] }: Examples): Promise<Kernel> {
  return boot({ substrate: linux(), components: [...beside, component] });
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
