import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { boot, type DestroyReport, type Kernel, type Substrate } from '@vimage/core';
import { imgexecPath, linux } from '@vimage/linux';
import { vnet } from '../src/index.ts';

const run = promisify(execFile);

/** A kernel, and one image `top` that plays the parent: nothing here touches the machine's own stack. */
export interface Lab {
  readonly kernel: Kernel;
  readonly substrate: Substrate;
  readonly top: string;
  /** Full name of a child of `top`. */
  name(child: string): string;
  /** Makes a child of `top` with its own stack. */
  net(child: string, ...pairs: readonly string[]): Promise<void>;
  set(child: string, ...pairs: readonly string[]): ReturnType<Kernel['set']>;
  destroy(child: string): Promise<DestroyReport>;
  /** Runs a program of the host on an image's stack ('' is `top`); its output. */
  on(child: string, ...command: readonly string[]): string;
  onAsync(child: string, ...command: readonly string[]): Promise<string>;
  spawnOn(child: string, ...command: readonly string[]): ChildProcess;
  /** The same, as JSON of ip(8). */
  ip(child: string, ...command: readonly string[]): Record<string, unknown>[];
  close(): Promise<void>;
}

let count = 0;

export async function lab(): Promise<Lab> {
  const substrate = linux();
  const kernel = await boot({ substrate, components: [vnet] });
  const top = `vn${process.pid}_${count++}`;
  await kernel.create(['name', top, 'children.max', '30', 'vir', 'net']);
  const name = (child: string): string => (child === '' ? top : `${top}.${child}`);
  const argv = (child: string, command: readonly string[]): string[] => ['-e', name(child), '--', ...command];
  const children: ChildProcess[] = [];
  return {
    kernel,
    substrate,
    top,
    name,
    net: async (child, ...pairs) => {
      await kernel.create(['name', name(child), 'vir', 'net', ...pairs]);
    },
    set: (child, ...pairs) => kernel.set(name(child), ['vir', 'net', ...pairs]),
    destroy: (child) => kernel.destroy(name(child)),
    on: (child, ...command) => execFileSync(imgexecPath(), argv(child, command), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    onAsync: async (child, ...command) => (await run(imgexecPath(), argv(child, command), { encoding: 'utf8' })).stdout,
    spawnOn: (child, ...command) => {
      const made = spawn(imgexecPath(), argv(child, command), { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(made);
      return made;
    },
    ip: (child, ...command) => JSON.parse(execFileSync(imgexecPath(), argv(child, ['ip', '-j', ...command]), { encoding: 'utf8' }) || '[]') as Record<string, unknown>[],
    close: async () => {
      // Ended before what they stand in is: a socket that is closed after the cable waits for an answer for minutes.
      const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      await Promise.all(running.map((child) => new Promise((resolve) => { child.once('exit', resolve).kill('SIGKILL'); })));
      await kernel.destroy(top, { grace: 0 });
      await kernel.close();
    },
  };
}
