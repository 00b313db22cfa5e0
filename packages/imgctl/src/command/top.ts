import { setTimeout as sleep } from 'node:timers/promises';
import { VimageError, type Kernel } from '@vimage/core';
import type { Context } from '../context.ts';
import { interrupted } from '../interrupted.ts';
import { bytes, duration } from '../print/quantity.ts';
import { count } from '../print/text.ts';
import { processesOf } from '../processes.ts';
import { textOf, type CommandSpec, type Options } from '../spec.ts';
import { Screen } from '../top/screen.ts';
import { usage, type Sample, type Usage } from '../top/usage.ts';

export const top: CommandSpec = {
  usage: ['[image]'],
  operands: ['image'],
  options: [
    { flags: '-i, --interval <seconds>', describe: 'time between two looks (2 unless given)', value: 'text' },
    { flags: '-n, --count <times>', describe: 'how many tables; unless given until q is typed, on a terminal, else one', value: 'text' },
  ],
  about: '%CPU is of one processor, since the look before; TIME and MEMORY are of what lives in the image now, without what is in its children.\nMEMORY counts for each process what several share.',
  examples: () => [
    { line: 'top', does: 'what each image uses, the busiest first, until q is typed' },
    { line: 'top web', does: 'what each process of "web" uses' },
    { line: 'top -n 1 -i 0.5', does: 'one table, of half a second' },
    { line: 'top --json', does: 'one JSON document a table, each on a line of its own where there are several' },
  ],
  async run(cx, { operands, options }) {
    const [only] = operands;
    const interval = 1000 * numberOf(options, 'interval', 2, /^(?:\d{1,5}(?:\.\d+)?|\.\d+)$/, 'seconds');
    const live = process.stdout.isTTY && !cx.json;
    const times = numberOf(options, 'count', live ? Infinity : 1, /^[1-9]\d{0,6}$/, 'a number of tables');
    const stop = interrupted();
    const kernel = await cx.bareKernel();
    let before = await look(kernel, only);
    using screen = live ? new Screen(() => { stop.abort(); }) : undefined;
    const none = usage(undefined, before, only !== undefined);
    screen?.show(() => lines(cx, none));
    for (let i = 0; i < times && await waited(interval, stop.signal); i++) {
      const now = await look(kernel, only);
      const rows = usage(before, now, only !== undefined);
      before = now;
      if (cx.json) cx.document(rows.map(documentOf), times === 1 ? undefined : 0);
      else if (screen === undefined) cx.print(...(i === 0 ? [] : ['']), ...lines(cx, rows));
      else screen.show(() => lines(cx, rows));
    }
  },
};

function numberOf(options: Options, name: string, otherwise: number, form: RegExp, expected: string): number {
  const text = textOf(options, name);
  if (text === undefined) return otherwise;
  if (!form.test(text) || Number(text) === 0) throw new VimageError('EUSAGE', `--${name}: expected ${expected}, not "${text}"`, { subject: name });
  return Number(text);
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    return false;
  });
}

async function look(kernel: Kernel, only: string | undefined): Promise<Sample> {
  const processes = await processesOf(kernel, only);
  return { at: performance.now(), processes };
}

function lines(cx: Context, rows: readonly Usage[]): readonly string[] {
  const sum = (of: (row: Usage) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const images = new Set(rows.map(({ image }) => image)).size;
  const percent = (value: number | undefined): string => value?.toFixed(1) ?? '-';
  const total = `${count(images, 'image')}, ${count(sum(({ processes }) => processes), 'process')}, ${percent(sum((row) => row.percent ?? 0))}% of a processor, ${bytes(sum(({ memory }) => memory))}`;
  const each = rows.some(({ process }) => process !== undefined);
  return [cx.paint('bold', total), '', ...cx.table(rows, [
    ...(each ? [{ head: 'PID', of: ({ process }: Usage) => String(process?.pid ?? '-'), right: true }] : [{ head: 'PROCESSES', of: ({ processes }: Usage) => String(processes), right: true }]),
    { head: '%CPU', of: (row) => percent(row.percent), right: true },
    { head: 'TIME', of: ({ cpu }) => duration(cpu), right: true },
    { head: 'MEMORY', of: ({ memory }) => bytes(memory), right: true },
    each ? { head: 'COMMAND', of: ({ process }) => process?.command ?? '', cut: 'end' } : { head: 'IMAGE', of: ({ image }) => image, cut: 'beginning' },
  ])];
}

function documentOf({ image, processes, percent, cpu, memory, process: one }: Usage): object {
  const rounded = percent === undefined ? undefined : Math.round(percent * 10) / 10;
  return one === undefined ? { image, processes, percent: rounded, cpu, memory } : { image, pid: one.pid, percent: rounded, cpu, memory, command: one.command };
}
