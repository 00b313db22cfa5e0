import { VimageError } from '@vimage/core';
import { dotGraph } from '../graph/dot.ts';
import { jsonGraph } from '../graph/json.ts';
import { mermaidGraph } from '../graph/mermaid.ts';
import { graphOf } from '../graph/model.ts';
import { svgGraph } from '../graph/svg.ts';
import { textGraph } from '../graph/text.ts';
import { inUtf8 } from '../print/style.ts';
import { textOf, type CommandSpec } from '../spec.ts';

const formats = ['text', 'mermaid', 'dot', 'svg'] as const;

export const graph: CommandSpec = {
  usage: ['[image]'],
  operands: ['image'],
  options: [
    { flags: '-f, --format <format>', describe: `${formats.join(', ')}; text unless given`, words: formats },
    { flags: '-a, --all', describe: 'a row for each slot, also where it is inherited from outside' },
  ],
  about: 'Each image is a box with a row for each slot, inside its parent; at the right are the instances, each once, whoever uses it. A slot is the image\'s own, shared with a named image, '
    + 'or inherited (dotted). What is inherited from the machine itself ("img0") is one row without an arrow. An image that is not live has its state in its title: what that means is said by imgctl ls --help.\n'
    + 'In the text a line that goes down lies above those that it crosses: lines meet only where a branch is drawn.',
  examples: () => [
    { line: 'graph', does: 'every image, for a terminal' },
    { line: 'graph lab', does: 'the image "lab" and what is in it' },
    { line: 'graph --format svg > images.svg', does: 'a picture for a browser, light or dark as the reader has it' },
    { line: 'graph --format dot | dot -Tpdf > images.pdf', does: 'laid out by Graphviz' },
    { line: 'graph --format mermaid', does: 'for a page in Markdown' },
    { line: 'graph --json', does: '{"nodes":[...],"edges":[...]}' },
  ],
  async run(cx, { operands, options }) {
    const given = textOf(options, 'format');
    const format = formats.find((each) => each === (given ?? 'text'));
    if (format === undefined) throw new VimageError('EUSAGE', `--format: expected one of ${formats.join(', ')}, not "${given ?? ''}"`, { subject: 'format' });
    if (cx.json && given !== undefined) throw new VimageError('EUSAGE', '--json and --format are two formats: expected one', { subject: 'format' });
    const all = options['all'] === true;
    const kernel = await cx.kernel();
    const images = await kernel.list({ dying: true, inside: true });
    const [named] = operands;
    const below = named === undefined || images.some(({ name, state }) => name === named && state !== 'dying') ? named : (await kernel.info(named)).name;
    for (const { name, error } of images) {
      if (error !== undefined) cx.warn({ code: 'EBADMSG', message: `${name} is damaged: ${error}; imgctl get ${name} says what to do` });
    }
    const drawn = graphOf(images, below);
    if (cx.json) {
      cx.document(jsonGraph(drawn));
      return;
    }
    if (format === 'mermaid') cx.print(...mermaidGraph(drawn, all));
    else if (format === 'dot') cx.print(...dotGraph(drawn, all));
    else if (format === 'svg') cx.print(...svgGraph(drawn, all));
    else if (drawn.tops.length === 0) cx.print('there are no images; imgctl create makes one');
    else cx.print(...textGraph(drawn, { columns: cx.columns ?? 80, all, utf8: inUtf8(), paint: cx.paint }));
  },
};
