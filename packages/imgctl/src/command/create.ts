import type { Plan } from '@vimage/core';
import type { Context } from '../context.ts';
import { checkPersists, readPairs, withDefault } from '../input.ts';
import { pairLines } from '../print/pairs.ts';
import type { CommandSpec } from '../spec.ts';

export const create: CommandSpec = {
  usage: ['<pairs...>'],
  operands: ['pairs'],
  options: [{ flags: '-n, --dry-run', describe: 'check everything and print the plan; change nothing' }],
  about: 'Pairs are KEY VALUE or KEY=VALUE. Those before the first "vir" belong to the image; "vir COMPONENT" opens a component\'s section. '
    + 'The image stays until it is destroyed ("persist true" is meant); for one that ends with a command there is "imgctl run".',
  examples: (words) => [
    { line: `create name web ${words.section(0)}`, does: 'an image with its own instance of one component, the rest shared with the parent' },
    { line: `create name=db parent=lab ${words.section(0)} ${words.section(1)}`.trimEnd(), does: 'an image inside the image "lab", whose children.max allows it; key=value works too' },
    { line: `create name peer vir ${words.component(0)} share web`, does: 'an image that shares what "web" has there' },
    { line: `create --dry-run name web ${words.section(0)}`, does: 'what would be made' },
  ],
  async run(cx, { operands, options }) {
    const pairs = withDefault(await readPairs(cx, operands, 'create'), 'persist', 'true');
    checkPersists(pairs);
    if (options['dryRun'] === true) {
      const plan = await (await cx.kernel()).plan(pairs);
      cx.result(plan, () => planLines(cx, plan));
      return;
    }
    const { name } = await cx.create(pairs);
    cx.result(await (await cx.kernel()).info(name), () => []);
  },
};

/** What create would do, for the reader. */
export function planLines(cx: Context, plan: Plan): readonly string[] {
  const owner = (kind: string, whose: string): string => (kind === 'own' ? 'an instance of its own' : `${kind === 'share' ? 'shared with' : 'inherited from'} ${whose}`);
  return [
    `${cx.paint('bold', plan.name)} would be made${plan.creates.length > 0 ? `, with new instances of: ${plan.creates.join(', ')}` : ''}`,
    ...plan.slots.map((slot) => `  ${slot.component}: ${owner(slot.kind, slot.owner)}`),
    '',
    ...pairLines(plan.pairs),
  ];
}
