import type { ImageHandle, Kernel } from '@vimage/core';
import { imgexecPath } from '@vimage/linux';
import { ran, type Ran } from '../../linux/test/ran.ts';
import { Resident } from './lab.ts';

/** A kernel, and images that end with it. */
export class ImageLab {
  readonly kernel: Kernel;
  readonly #residents: Resident[] = [];

  protected constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  create(name: string, ...pairs: readonly string[]): Promise<ImageHandle> {
    return this.kernel.create(['name', name, ...pairs]);
  }

  /** Runs a program that lives in the image, or (-e) acts on it. */
  run(...args: readonly string[]): Ran {
    return ran(imgexecPath(), args);
  }

  /** Starts a program that lives in the image; ended with the lab. */
  start(name: string, ...command: readonly string[]): Resident {
    const resident = new Resident([name, '--', ...command]);
    this.#residents.push(resident);
    return resident;
  }

  async close(): Promise<void> {
    for (const resident of this.#residents) resident.end();
    await this.kernel.close();
  }
}
