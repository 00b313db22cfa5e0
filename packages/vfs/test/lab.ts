import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { boot, type ImageHandle, type Kernel } from '@vimage/core';
import { imgexecPath, linux, type LinuxSubstrate } from '@vimage/linux';
import { vnet } from '@vimage/vnet';
import { vproc } from '@vimage/vproc';
import { ran, type Ran } from '../../linux/test/ran.ts';
import { vfs } from '../src/index.ts';

/** A kernel with `fs`, `net` and `proc`, and a directory of the host's that ends with it. */
export interface Lab {
  readonly kernel: Kernel;
  readonly substrate: LinuxSubstrate;
  /** On the host. */
  readonly dir: string;
  /** Writes files below `dir`; the path of the first. A name that ends in a slash is a directory. */
  files(files: Readonly<Record<string, string>>): string;
  create(name: string, ...pairs: readonly string[]): Promise<ImageHandle>;
  run(name: string, ...command: readonly string[]): Ran;
  sh(name: string, script: string): Ran;
  close(): Promise<void>;
  /** The images stay. */
  leave(): Promise<void>;
}

/** What a shell needs, given read-only. */
export const tools: readonly string[] = ['ro', ['/bin', '/usr', '/lib', ...(process.arch === 'x64' ? ['/lib64'] : [])].join(',')];

export async function lab(): Promise<Lab> {
  const substrate = linux();
  const kernel = await boot({ substrate, components: [vproc, vnet, vfs] });
  const dir = mkdtempSync(path.join(tmpdir(), 'vfs-test-'));
  const run = (name: string, ...command: readonly string[]): Ran => ran(imgexecPath(), [name, '--', ...command], { cwd: '/' });
  const leave = async (): Promise<void> => {
    await kernel.close();
    rmSync(dir, { recursive: true });
  };
  return {
    kernel,
    substrate,
    dir,
    files: (files) => {
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(dir, name);
        mkdirSync(name.endsWith('/') ? file : path.dirname(file), { recursive: true });
        if (!name.endsWith('/')) writeFileSync(file, content);
      }
      return path.join(dir, Object.keys(files)[0] ?? '');
    },
    create: (name, ...pairs) => kernel.create(['name', name, ...pairs]),
    run,
    sh: (name, script) => run(name, '/bin/sh', '-c', script),
    close: async () => {
      for (const { name } of (await kernel.list()).filter((each) => !each.name.includes('.'))) await kernel.destroy(name, { grace: 100 });
      await leave();
    },
    leave,
  };
}
