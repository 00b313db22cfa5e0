import { VimageError } from '@vimage/core';
import type { CommandSpec } from '../spec.ts';

export const rootless: CommandSpec = {
  usage: [],
  operands: [],
  tail: 'needed',
  passesStatus: true,
  about: 'An ordinary user\'s images are made in one user namespace and one mount namespace, in which he is root and nobody else is. imgctl goes there by itself; '
    + 'a program that uses the library is started there with this. An idle imgexec holds them as long as there are images.',
  examples: () => [
    { line: 'rootless -- node app.js', does: 'a program that makes images, as you' },
    { line: 'rootless -- id -u', does: 'says 0' },
  ],
  async run(cx) {
    const [command, ...args] = cx.rest ?? [];
    if (command === undefined || command === '') throw new VimageError('EUSAGE', 'the command is missing', { hint: 'write: imgctl rootless -- COMMAND' });
    const { becomeProgram } = await import('@vimage/linux');
    return becomeProgram(command, args);
  },
};
