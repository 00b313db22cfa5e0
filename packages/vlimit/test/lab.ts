import { boot, type ImageHandle, type Kernel } from '@vimage/core';
import { imgexecPath, linux } from '@vimage/linux';
import { vproc } from '@vimage/vproc';
import { ran, type Ran } from '../../linux/test/ran.ts';
import { Resident } from '../../vproc/test/lab.ts';
import { vlimit } from '../src/index.ts';

/** A kernel with the components `limit` and `proc`, and images that end with it. */
export class Lab {
  readonly kernel: Kernel;
  readonly #residents: Resident[] = [];

  private constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  static async open(): Promise<Lab> {
    return new Lab(await boot({ substrate: linux(), components: [vlimit, vproc] }));
  }

  create(name: string, ...pairs: readonly string[]): Promise<ImageHandle> {
    return this.kernel.create(['name', name, ...pairs]);
  }

  set(name: string, ...words: readonly string[]): Promise<readonly string[]> {
    return this.kernel.set(name, ['vir', 'limit', ...words]).then(({ notes }) => notes);
  }

  /** Runs a program that lives in the image. */
  run(...args: readonly string[]): Ran {
    return ran(imgexecPath(), args);
  }

  /** Starts a program that lives in the image; ended with the lab. */
  start(name: string, ...command: readonly string[]): Resident {
    const resident = new Resident([name, '--', ...command]);
    this.#residents.push(resident);
    return resident;
  }

  /** One value that `get` shows, those that are read-only included. */
  async value(name: string, key: string): Promise<string | undefined> {
    return (await this.kernel.get(name, { all: true })).find(([each]) => each === key)?.[1];
  }

  /** A limit of /proc/self/limits in the image, soft and hard. */
  limit(name: string, what: string, ...options: readonly string[]): readonly string[] {
    const { out, err } = this.run(...options, name, '--', 'cat', '/proc/self/limits');
    const found = new RegExp(`^Max ${what} +(\\S+) +(\\S+)`, 'm').exec(out);
    if (found === null) throw new Error(out + err);
    return found.slice(1, 3);
  }

  async close(): Promise<void> {
    for (const resident of this.#residents) resident.end();
    await this.kernel.close();
  }
}
