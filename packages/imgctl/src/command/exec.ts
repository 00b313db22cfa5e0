import { VimageError } from '@vimage/core';
import type { CommandSpec } from '../spec.ts';
import { startOptions, startRequest } from '../start.ts';

export const exec: CommandSpec = {
  usage: ['<image>', '[words...]'],
  operands: ['image', 'none'],
  tail: 'optional',
  passesStatus: true,
  options: [
    { flags: '-e, --effective', describe: 'act on the image from here: the program, its root and its user are the caller\'s' },
    { flags: '--only <components>', describe: 'with -e: act on these components only, separated by commas', value: 'components' },
    { flags: '--no-view', describe: 'with -e: /proc, /sys and /etc stay the caller\'s; quicker' },
    ...startOptions,
  ],
  about: 'Without a command: $SHELL, or sh. imgctl becomes the command, so signals, terminal and exit status are the command\'s own. '
    + 'With -d it goes on by itself, reading nothing; its output stays where it was, so send it where you want it.',
  examples: (words) => [
    { line: 'exec web', does: 'a shell in "web"' },
    { line: 'exec -u nobody --cwd /tmp --env LANG=C web -- sh -c \'id; pwd\'', does: 'as another user, elsewhere' },
    { line: 'exec -e web -- COMMAND', does: 'the host\'s own program, acting on "web" without living in it' },
    { line: `exec -e --only ${words.component(0)} web -- COMMAND`, does: 'acting on one component of it only' },
  ],
  async run(cx, { operands, options }) {
    const [name = '', ...words] = operands;
    if (words.length > 0) {
      throw new VimageError('EUSAGE', `"${words[0]}" stands before "--"`, { hint: `write: imgctl exec ${name} -- ${words.join(' ')}` });
    }
    const request = startRequest(cx, options);
    if (request.only.length > 0 && !request.effective) {
      throw new VimageError('EUSAGE', '--only goes with -e', { hint: `write: imgctl exec -e --only ${request.only.join(',')} ${name} -- ...` });
    }
    if (request.view === false && !request.effective) throw new VimageError('EUSAGE', '--no-view goes with -e', { hint: `write: imgctl exec -e --no-view ${name} -- ...` });
    const full = await (await cx.bareKernel()).fullName(name);
    await cx[Symbol.asyncDispose]();
    const { linux } = await import('@vimage/linux');
    return linux().execReplace(request, full);
  },
};
