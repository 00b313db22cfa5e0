import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { boot, type ImageHandle, type Kernel } from '@vimage/core';
import { imgexecPath, linux, type LinuxSubstrate } from '@vimage/linux';
import { vnet } from '@vimage/vnet';
import { ran, type Ran } from '../../linux/test/ran.ts';
import { vproc } from '../src/index.ts';

/** A script that runs in an image; ended with the lab. */
export class Resident {
  readonly child: ChildProcess;
  #said = '';
  #heard: () => void = () => undefined;
  #silent = false;

  constructor(args: readonly string[]) {
    this.child = spawn(imgexecPath(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout?.on('data', (data: Buffer) => {
      this.#said += data.toString();
      this.#heard();
    });
    // Not at its end: what it has started may still say something.
    this.child.stdout?.on('end', () => {
      this.#silent = true;
      this.#heard();
    });
    this.child.stdin?.on('error', () => undefined);
  }

  /** The next line it prints. */
  async says(): Promise<string> {
    while (!this.#said.includes('\n')) {
      if (this.#silent) throw new Error(`it ended before it said anything: ${this.child.spawnargs.join(' ')}`);
      await new Promise<void>((resolve) => { this.#heard = resolve; });
    }
    const [line = '', ...rest] = this.#said.split('\n');
    this.#said = rest.join('\n');
    return line;
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  end(): void {
    this.child.stdout?.destroy();
    this.child.stdin?.destroy();
    this.child.kill('SIGKILL');
  }
}

/** A kernel with the components `net` and `proc`, and images that end with it. */
export interface Lab {
  readonly kernel: Kernel;
  readonly substrate: LinuxSubstrate;
  create(name: string, ...pairs: readonly string[]): Promise<ImageHandle>;
  /** Runs a program that lives in the image. */
  run(name: string, ...command: readonly string[]): Ran;
  /** Runs a program in the image's view. */
  view(name: string, ...command: readonly string[]): Ran;
  /** Starts a shell script that lives in the image, or (with options) acts on it. */
  script(name: string, script: string, ...options: readonly string[]): Resident;
  /** The same; returns when it has said `up`. */
  start(name: string, script: string, ...options: readonly string[]): Promise<Resident>;
  close(): Promise<void>;
}

export async function lab(): Promise<Lab> {
  const substrate = linux();
  const kernel = await boot({ substrate, components: [vnet, vproc] });
  const residents: Resident[] = [];
  const run = (args: readonly string[]): Ran => ran(imgexecPath(), args);
  const script = (name: string, text: string, ...options: readonly string[]): Resident => {
    const resident = new Resident([...options, name, '--', 'sh', '-c', text]);
    residents.push(resident);
    return resident;
  };
  return {
    kernel,
    substrate,
    create: (name, ...pairs) => kernel.create(['name', name, ...pairs]),
    run: (name, ...command) => run([name, '--', ...command]),
    view: (name, ...command) => run(['--only', 'proc', name, '--', ...command]),
    script,
    start: async (name, text, ...options) => {
      const resident = script(name, text, ...options);
      const said = await resident.says();
      if (said !== 'up') throw new Error(`${text}: it said ${said}`);
      return resident;
    },
    close: async () => {
      for (const resident of residents) resident.end();
      await kernel.close();
    },
  };
}

/** The numbers of a process, from this process's pid namespace inwards. */
export function numbers(pid: number): readonly number[] {
  return (/^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '').split(/\s+/).map(Number);
}

export function pidNamespace(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/pid`);
}

/** The pid, here, of the one process of an image whose command begins with that; waits for it to be there. */
export async function memberPid(kernel: Kernel, name: string, command: string): Promise<number> {
  for (const until = Date.now() + 5000; ; await sleep(5)) {
    const found = (await kernel.processes(name)).filter((each) => each.command.startsWith(command));
    const [one] = found;
    if (one !== undefined && found.length === 1) return one.pid;
    if (Date.now() > until) throw new Error(`${found.length} processes of ${name} are "${command}"`);
  }
}
