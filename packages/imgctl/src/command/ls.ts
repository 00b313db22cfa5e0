import type { ImageInfo } from '@vimage/core';
import type { Context } from '../context.ts';
import type { Column } from '../print/table.ts';
import { branches, treeOf } from '../print/tree.ts';
import type { CommandSpec } from '../spec.ts';

export const ls: CommandSpec = {
  usage: ['[image]'],
  operands: ['image'],
  options: [
    { flags: '-t, --tree', describe: 'draw the tree' },
    { flags: '-d, --dying', describe: 'also what was removed but is still referred to' },
    { flags: '-l, --long', describe: 'serial and address too' },
  ],
  about: 'Names are relative to the image in which imgctl runs. A slot is listed where an image has it to itself ("X") or shares it with a named image ("X=image"). '
    + 'State "inside": made by who lives in an image, and as they say; "starting": its commands at start are run yet; "unstarted": who ran them was killed.',
  examples: () => [
    { line: 'ls', does: 'every image' },
    { line: 'ls --tree', does: 'as a tree' },
    { line: 'ls --dying', does: 'with those that are removed but still referred to; imgctl refs says by what' },
    { line: 'ls --json lab', does: 'the image "lab" and what is in it, for programs' },
  ],
  async run(cx, { operands, options }) {
    const [below] = operands;
    const kernel = await cx.kernel();
    let images = await kernel.list({ dying: options['dying'] === true, inside: true });
    if (below !== undefined) {
      const name = images.find((image) => image.name === below && image.state === 'inside')?.name ?? (await kernel.info(below)).name;
      images = images.filter((image) => image.name === name || image.name.startsWith(`${name}.`));
    }
    for (const image of images) {
      if (image.error !== undefined) cx.warn({ code: 'EBADMSG', message: `${image.name} is damaged: ${image.error}; imgctl get ${image.name} says what to do` });
    }
    cx.result(images, () => (options['tree'] === true ? treeLines(cx, images) : listLines(cx, images, options['long'] === true)));
  },
};

function slots(image: ImageInfo): string {
  return image.slots.filter(({ kind }) => kind !== 'inherit').map(({ component, kind, owner }) => (kind === 'share' ? `${component}=${owner}` : component)).join(' ');
}

function state(cx: Context, image: ImageInfo): string {
  if (image.state === 'live') return image.persist ? '' : 'one-off';
  return cx.paint(image.state === 'damaged' ? 'red' : 'yellow', image.state);
}

function listLines(cx: Context, images: readonly ImageInfo[], long: boolean): readonly string[] {
  if (images.length === 0) return [];
  const columns: Column<ImageInfo>[] = [
    { head: 'NAME', of: ({ name }) => name },
    ...(long ? [{ head: 'SERIAL', of: ({ serial }: ImageInfo) => serial, right: true }, { head: 'ADDRESS', of: ({ address }: ImageInfo) => address }] : []),
    { head: 'STATE', of: ({ state: is }) => is, paint: (text, row) => (row.state === 'live' ? text : cx.paint(row.state === 'damaged' ? 'red' : 'yellow', text)) },
    { head: 'PERSIST', of: ({ persist }) => (persist ? 'yes' : 'no') },
    { head: 'COMPONENTS', of: slots },
  ];
  return cx.table(images, columns);
}

function treeLines(cx: Context, images: readonly ImageInfo[]): readonly string[] {
  const short = ({ name, parent }: ImageInfo): string => (name.startsWith(`${parent}.`) ? name.slice(parent.length + 1) : name);
  const drawn = branches(treeOf(images, ({ name }) => name, ({ parent }) => parent));
  const widest = Math.max(0, ...drawn.map(([branch, image]) => branch.length + short(image).length));
  return [
    cx.paint('bold', '.'),
    ...drawn.map(([branch, image]) => {
      const gap = ' '.repeat(widest - branch.length - short(image).length);
      return `${cx.paint('dim', branch)}${short(image)}${gap}  ${[slots(image), state(cx, image)].filter((text) => text !== '').join('  ')}`.trimEnd();
    }),
  ];
}
