import { VimageError } from '@vimage/core';
import { checkPersists, readPairs } from '../input.ts';
import type { CommandSpec } from '../spec.ts';

export const set: CommandSpec = {
  usage: ['<image>', '<pairs...>'],
  operands: ['image', 'pairs'],
  about: 'What is not named stays as it is. Parameters with access "rw" can be changed: imgctl params shows them.',
  examples: (words) => [
    { line: `set web ${words.change(0)}`, does: 'changes one parameter of a component while programs run' },
    { line: 'set lab children.max=16', does: 'a parameter of the image itself' },
  ],
  async run(cx, { operands }) {
    const [name = '', ...words] = operands;
    if (words.length === 0) throw new VimageError('EUSAGE', 'nothing to set', { hint: `write: imgctl set ${name} KEY VALUE` });
    const pairs = await readPairs(cx, words, 'set');
    checkPersists(pairs);
    const report = await (await cx.changingKernel()).set(name, pairs);
    cx.result(report, () => [
      report.changed.length > 0 ? `${report.name}: changed ${report.changed.join(', ')}` : `${report.name}: nothing to change`,
      ...report.notes.map((note) => `  ${note}`),
    ]);
  },
};
