import { VimageError } from '@vimage/core';
import { textOf, type CommandSpec } from '../spec.ts';

export const wait: CommandSpec = {
  usage: ['<image>'],
  operands: ['image'],
  options: [
    { flags: '-e, --empty', describe: 'until nothing runs in it, instead of until it is gone' },
    { flags: '-T, --timeout <seconds>', describe: 'give up after this time: ETIMEDOUT, status 1', value: 'text' },
  ],
  examples: () => [
    { line: 'wait web', does: 'returns when "web" is gone' },
    { line: 'wait --empty web', does: 'returns when no process lives in it' },
    { line: 'wait --timeout 10 web', does: 'for ten seconds at most' },
  ],
  async run(cx, { operands, options }) {
    const [name = ''] = operands;
    const seconds = textOf(options, 'timeout');
    if (seconds !== undefined && !/^\d{1,6}(?:\.\d+)?$/.test(seconds)) {
      throw new VimageError('EUSAGE', `--timeout: expected seconds, not "${seconds}"`, { subject: 'timeout' });
    }
    const signal = seconds === undefined ? undefined : AbortSignal.timeout(Math.max(1, Number(seconds) * 1000));
    const kernel = await cx.bareKernel();
    const what = options['empty'] === true ? 'empty' : 'gone';
    await kernel.wait(name, { for: what, ...(signal === undefined ? {} : { signal }) });
    if (signal?.aborted === true) throw new VimageError('ETIMEDOUT', `${name} is not ${what} after ${seconds} s`, { subject: name, hint: `imgctl refs ${name} says what keeps it` });
    cx.result({ name, [what]: true }, () => []);
  },
};
