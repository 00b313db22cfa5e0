import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { codeOf } from '@vimage/core';

export type Kind = 'dir' | 'file' | 'link';

/** How a plan looks at the host. Nothing is followed, nothing is changed. */
export interface Look {
  /** Undefined: nothing is there. */
  kind(path: string): Kind | undefined;
  list(dir: string): readonly string[];
  target(link: string): string;
}

/** The host as it is. */
export const machine: Look = {
  kind(path) {
    try {
      const stat = lstatSync(path);
      return stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'link' : 'file';
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
  },
  list: (dir) => readdirSync(dir).sort(),
  target: (link) => readlinkSync(link),
};
