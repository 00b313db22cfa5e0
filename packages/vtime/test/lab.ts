import { existsSync, readFileSync } from 'node:fs';
import { boot, type ImageHandle, type Kernel } from '@vimage/core';
import { imgexecPath, linux, type LinuxSubstrate } from '@vimage/linux';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { ran } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { time } from '../src/index.ts';

const lacks = existsSync('/proc/self/ns/time') ? '' : ' (skipped: the kernel has no time namespaces)';
/** Whether these tests can run, and why not. */
export const needTime: { readonly missing: boolean; readonly note: string } = { missing: needRoot.missing || lacks !== '', note: `${needRoot.note}${lacks}` };

export const day = 86_400;

/** Seconds of both clocks as a program has them that lives in the image, or (`-e`) acts on it; without a name this process. */
export function clocksIn(...name: readonly string[]): { readonly boottime: number; readonly monotonic: number } {
  const script = 'const { readFileSync } = require("fs"); console.log(readFileSync("/proc/uptime", "latin1").split(" ")[0], Number(process.hrtime.bigint() / 1000000n) / 1000)';
  const node = [process.execPath, '-e', script] as const;
  const { out, err } = name.length === 0 ? ran(node[0], node.slice(1)) : ran(imgexecPath(), [...name, '--', ...node]);
  const [boottime, monotonic] = out.split(' ').map(Number);
  if (boottime === undefined || monotonic === undefined) throw new Error(err);
  return { boottime, monotonic };
}

/** How far an image's clocks are ahead of the machine's, in whole seconds: what runs meanwhile is less than half of one. */
export function aheadIn(...name: readonly string[]): readonly [monotonic: number, boottime: number] {
  const [before, there, after] = [clocksIn(), clocksIn(...name), clocksIn()];
  const of = (clock: 'monotonic' | 'boottime'): number => Math.round(there[clock] - (before[clock] + after[clock]) / 2) || 0;
  return [of('monotonic'), of('boottime')];
}

export interface Lab {
  readonly kernel: Kernel;
  readonly substrate: LinuxSubstrate;
  create(name: string, ...pairs: readonly string[]): Promise<ImageHandle>;
  run(name: string, ...command: readonly string[]): string;
  close(): Promise<void>;
}

export async function lab(): Promise<Lab> {
  const substrate = linux();
  const kernel = await boot({ substrate, components: [vuser, vproc, time] });
  return {
    kernel,
    substrate,
    create: (name, ...pairs) => kernel.create(['name', name, ...pairs]),
    run: (name, ...command) => {
      const { out, err } = ran(imgexecPath(), [name, '--', ...command]);
      return out + err;
    },
    close: () => kernel.close(),
  };
}

/** timens_offsets, of who reads it in an image: the machine's numbers. */
export function offsetsOf(text: string): readonly (readonly string[])[] {
  return text.trim().split('\n').map((line) => line.split(/\s+/));
}

export const uptime = (): number => Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
