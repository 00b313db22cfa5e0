import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vproc } from '@vimage/vproc';
import { ImageLab } from '../../vproc/test/image-lab.ts';
import { vlimit } from '../src/index.ts';

/** A kernel with the components `limit` and `proc`, and images that end with it. */
export class Lab extends ImageLab {
  static async open(): Promise<Lab> {
    return new Lab(await boot({ substrate: linux(), components: [vlimit, vproc] }));
  }

  set(name: string, ...words: readonly string[]): Promise<readonly string[]> {
    return this.kernel.set(name, ['vir', 'limit', ...words]).then(({ notes }) => notes);
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
}
