import { constants } from 'node:os';
import { suggestion, VimageError } from '@vimage/core';
import { count } from '../print/text.ts';
import { textOf, type CommandSpec } from '../spec.ts';

/** `TERM`, `SIGTERM` or `15` as `SIGTERM`. EUSAGE. */
export function signalName(text: string): string {
  const table: Readonly<Record<string, number>> = constants.signals;
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  const word = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const name = number === undefined ? word : Object.keys(table).find((each) => table[each] === number);
  if (name !== undefined && Object.hasOwn(table, name)) return name;
  const near = suggestion(word.slice(3), Object.keys(table).map((each) => each.slice(3)));
  throw new VimageError('EUSAGE', `"${text}" is no signal`, { subject: text, ...(near === undefined ? {} : { hint: near }) });
}

export const kill: CommandSpec = {
  usage: ['<image>', '[pid]'],
  operands: ['image', 'process'],
  options: [{ flags: '-s, --signal <signal>', describe: 'name or number; TERM unless given', value: 'signal' }],
  about: 'The pid is the one that "imgctl ps" shows first. A process is signalled only while it still is the one that was listed.',
  examples: () => [
    { line: 'kill web 4711', does: 'ends one process of "web"' },
    { line: 'kill -s HUP web', does: 'signals every process of "web"' },
  ],
  async run(cx, { operands, options }) {
    const [name = '', text] = operands;
    if (text !== undefined && !/^[1-9]\d{0,9}$/.test(text)) {
      throw new VimageError('EUSAGE', `expected a process id, not "${text}"`, { subject: text, hint: `imgctl ps ${name} lists them` });
    }
    const signal = signalName(textOf(options, 'signal') ?? 'TERM');
    const signalled = await (await cx.bareKernel()).kill(name, text === undefined ? undefined : Number(text), signal);
    cx.result({ name, signal, signalled }, () => [`${count(signalled, 'process')} of ${name} sent ${signal}`]);
  },
};
