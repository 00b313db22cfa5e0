import { changedKeys, codeOf, diffPairs, fixedKeys, type UpStep } from '@vimage/core';
import type { Context } from '../context.ts';
import { noteLines, noteTable } from '../print/notes.ts';
import { asOf, asOption } from '../foreign.ts';
import { readTree, pointInto, type Tree, type TreeImage } from '../file.ts';
import type { Style } from '../print/style.ts';
import { count, printable } from '../print/text.ts';
import { checkPersists, withDefault } from '../input.ts';
import type { CommandSpec } from '../spec.ts';
import { graceOf, graceOption } from './destroy.ts';

const colours: Readonly<Record<UpStep['action'], Style>> = { created: 'green', changed: 'yellow', replaced: 'yellow', removed: 'red', failed: 'red', kept: 'dim' };

export const up: CommandSpec = {
  usage: ['<file>'],
  operands: ['file'],
  options: [
    { flags: '-p, --prune', describe: 'remove images that the file does not name, below those it names' },
    { flags: '-r, --replace', describe: 'destroy and make anew what differs in what is fixed at creation, its children too' },
    { flags: '-n, --dry-run', describe: 'check the file and say what would be done' },
    asOption,
    graceOption,
  ],
  about: 'Creates what is missing, changes what differs, leaves the rest. "-" reads standard input. One failure does not stop what does not depend on it. A file of another system is taken too, where a component reads such files.',
  examples: () => [
    { line: 'up lab.rc', does: 'a line for each image, then a summary' },
    { line: 'up --dry-run lab.rc', does: 'what would be done' },
    { line: 'up --prune lab.rc', does: 'the file is all there is' },
    { line: 'up --replace lab.rc', does: 'also where an image has to be made anew, which ends what runs in it' },
  ],
  async run(cx, { operands, options }) {
    const tree = await readTree(cx, operands[0] ?? '', { as: asOf(options) });
    for (const image of allOf(tree.images)) checkPersists(image.pairs);
    const replace = options['replace'] === true;
    if (options['dryRun'] === true) return dryRun(cx, tree, { prune: options['prune'] === true, replace });
    for (const line of noteLines(tree.notes)) cx.note(line);
    const kernel = await cx.changingKernel();
    const show = progress(cx);
    const steps = await kernel.up(tree.images, { prune: options['prune'] === true, replace, ...graceOf(options), progress: show.step });
    show.end();
    return finish(cx, steps, tree);
  },
};

function allOf(images: readonly TreeImage[]): readonly TreeImage[] {
  return images.flatMap((image) => [image, ...allOf(image.children)]);
}

interface Progress {
  readonly step: (step: UpStep, done: number, total: number) => void;
  readonly end: () => void;
}

/** A line per image, and on a terminal a counter that is written over. What is kept is only counted there. */
function progress(cx: Context): Progress {
  const terminal = process.stderr.isTTY === true && !cx.json;
  const wipe = terminal ? '\r\u001b[K' : '';
  return {
    step(step, done, total) {
      if (cx.json) return;
      if (terminal) process.stderr.write(wipe);
      if (!terminal || step.action !== 'kept') cx.print(stepLine(cx, step));
      if (terminal) process.stderr.write(`[${done}/${Math.max(total, done)}] ${printable(step.name)}`);
    },
    end() {
      if (terminal) process.stderr.write(wipe);
    },
  };
}

/** Why a step has failed is told at the end, with the place in the file. */
function stepLine(cx: Context, { name, action, detail, error }: UpStep): string {
  const more = error !== undefined || detail.length === 0 ? '' : `: ${detail.map(printable).join(', ')}`;
  return `${cx.paint(colours[action], action.padEnd(8))}  ${name}${more}`;
}

function finish(cx: Context, steps: readonly UpStep[], tree: Tree): number {
  const failed = steps.filter(({ action }) => action === 'failed');
  for (const { name, error, detail } of failed) {
    cx.fail(error === undefined
      ? { code: 'EIO', message: `${name}: ${detail.join('; ')}`, subject: name }
      : pointInto(tree, name, error));
  }
  const actions = ['created', 'changed', 'replaced', 'removed', 'kept', 'failed'] as const;
  const sum = actions.map((action) => [action, steps.filter((step) => step.action === action).length] as const).filter(([, n]) => n > 0);
  const document = { steps: steps.map(({ name, action, detail }) => ({ name, action, detail })), ...Object.fromEntries(sum), ...(tree.notes.length === 0 ? {} : { notes: tree.notes }) };
  cx.result(document, () => [`${count(steps.length, 'image')}: ${sum.map(([action, n]) => `${n} ${action}`).join(', ') || 'nothing to do'}`]);
  return failed.length > 0 ? 1 : 0;
}

/** What up would do, found by comparing the pairs. */
async function dryRun(cx: Context, tree: Tree, { prune, replace }: { readonly prune: boolean; readonly replace: boolean }): Promise<number> {
  const kernel = await cx.kernel();
  // An image may have components that the file no longer names.
  const tables = await cx.tables();
  const steps: UpStep[] = [];
  const walk = async (images: readonly TreeImage[], above: string): Promise<void> => {
    for (const image of images) {
      const name = above === '' ? image.name : `${above}.${image.name}`;
      const there = await kernel.get(name).catch((error: unknown) => {
        if (codeOf(error) === 'ESRCH') return undefined;
        throw error;
      });
      if (there === undefined) steps.push({ name, action: 'created', detail: [] });
      else if ((await kernel.info(name)).state === 'unstarted') steps.push({ name, action: 'replaced', detail: ['whoever made it was killed before it had started'] });
      else {
        const place = there.filter(([key], i) => (key === 'name' || key === 'parent') && i < 2);
        const differences = diffPairs(there, [...place, ...withDefault(image.pairs, 'persist', 'true')], tables);
        const detail = differences.flatMap(changedKeys);
        const hasChildren = (await kernel.list()).some(({ parent }) => parent === name);
        const fixed = [...differences.flatMap((each) => fixedKeys(each, tables)), ...(hasChildren && detail.includes('children.max') ? ['children.max'] : [])];
        if (fixed.length > 0 && !replace) steps.push({ name, action: 'failed', detail: [`${fixed.join(', ')}: fixed once it is made; --replace makes it anew`] });
        else steps.push({ name, action: fixed.length > 0 ? 'replaced' : detail.length > 0 ? 'changed' : 'kept', detail });
      }
      if (prune && there !== undefined) {
        const kept = new Set(image.children.map((child) => `${name}.${child.name}`));
        for (const child of await kernel.list()) {
          if (child.parent === name && !kept.has(child.name)) steps.push({ name: child.name, action: 'removed', detail: [] });
        }
      }
      await walk(image.children, name);
    }
  };
  await walk(tree.images, '');
  const { notes } = tree;
  cx.result({ dryRun: true, steps, ...(notes.length === 0 ? {} : { notes }) }, () => [...noteTable(notes, cx.paint, cx.columns), ...steps.map((step) => stepLine(cx, step))]);
  return 0;
}
