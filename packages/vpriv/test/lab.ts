import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { boot, type ImageHandle, type Kernel } from '@vimage/core';
import { imgexecPath, linux } from '@vimage/linux';
import { ran, type Ran } from '../../linux/test/ran.ts';
import { vpriv } from '../src/index.ts';

/** A kernel with the component `priv`, and images that end with it; a folder, and in it the program of child/probe.c. */
export class Lab {
  readonly kernel: Kernel;
  readonly dir: string = mkdtempSync(path.join(tmpdir(), 'vpriv-test-'));
  readonly probe: string = path.join(this.dir, 'probe');
  readonly #children: ChildProcess[] = [];

  private constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  static async open(): Promise<Lab> {
    const made = new Lab(await boot({ substrate: linux(), components: [vpriv] }));
    const source = fileURLToPath(new URL('./child/probe.c', import.meta.url));
    const { status, stderr } = spawnSync(process.env['CC'] ?? 'cc', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-O1', '-o', made.probe, source], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    chmodSync(made.dir, 0o755);
    return made;
  }

  create(name: string, ...pairs: readonly string[]): Promise<ImageHandle> {
    return this.kernel.create(['name', name, ...pairs]);
  }

  /** Runs imgexec with these arguments. */
  run(...args: readonly string[]): Ran {
    return ran(imgexecPath(), args);
  }

  /** Tries each, in that image (options before its name), or outside of any; what came of each. */
  try(image: string | undefined, names: readonly string[], ...options: readonly string[]): Readonly<Record<string, string>> {
    const { out, err, status } = image === undefined ? ran(this.probe, [this.dir, ...names]) : this.run(...options, image, '--', this.probe, this.dir, ...names);
    if (status !== 0) throw new Error(`${status}: ${err}`);
    return Object.fromEntries(out.trim().split('\n').map((line) => {
      const [name = '', result = ''] = line.split(' ');
      return [name, result] as const;
    }));
  }

  /** Lines of /proc/self/status, by name. */
  status(image: string, ...options: readonly string[]): Readonly<Record<string, string>> {
    const { out } = this.run(...options, image, '--', 'cat', '/proc/self/status');
    return Object.fromEntries([...out.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, key = '', value = '']) => [key, value] as const));
  }

  /** The probe as a setuid program of root's. */
  setuidProbe(): string {
    const to = path.join(this.dir, 'setuid');
    copyFileSync(this.probe, to);
    chownSync(to, 0, 0);
    chmodSync(to, 0o4755);
    return to;
  }

  /** Starts a program that lives in the image; ended with the lab. */
  start(image: string, ...command: readonly string[]): ChildProcess {
    const child = spawn(imgexecPath(), [image, '--', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.kernel.close();
    rmSync(this.dir, { recursive: true });
  }
}
