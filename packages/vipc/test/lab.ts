import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { ImageLab } from '../../vproc/test/image-lab.ts';
import { ipc } from '../src/index.ts';

/** What a shell in a root of its own needs. */
export const files: readonly string[] = ['vir', 'fs', 'ro', '/usr,/bin,/lib,/lib64', 'proc', 'true'];

/** A kernel with the components `ipc`, `user`, `fs` and `proc`, and images that end with it. */
export class Lab extends ImageLab {
  static async open(): Promise<Lab> {
    return new Lab(await boot({ substrate: linux(), components: [vuser, vfs, vproc, ipc] }));
  }

  async set(name: string, ...words: readonly string[]): Promise<void> {
    await this.kernel.set(name, ['vir', 'ipc', ...words]);
  }

  /** What a shell script that lives in the image prints. */
  sh(name: string, script: string, ...options: readonly string[]): string {
    const { out, err } = this.run(...options, name, '--', 'sh', '-c', script);
    return out + err;
  }

  /** What `get` shows, by key, those that are read-only included. */
  async values(name: string): Promise<ReadonlyMap<string, string>> {
    return new Map(await this.kernel.get(name, { all: true }));
  }
}

/** How many segments, semaphore sets and queues a shell script is to print, as seen where it runs. */
export const count: string = 'for kind in shm sem msg; do tail -n +2 /proc/sysvipc/$kind | wc -l; done | paste -sd " "';
