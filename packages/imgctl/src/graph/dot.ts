import { imagesOf, instanceText, type Graph, type GraphImage, type Instance } from './model.ts';
import { rowsOf, stateText } from './rows.ts';
import { escapeXml } from './xml.ts';

/** The picture for Graphviz: an image is a table with a port for each slot; ways to what is shared are bold, to what is inherited dotted. */
export function dotGraph(graph: Graph, all: boolean): readonly string[] {
  const images = imagesOf(graph.tops);
  const numbers = new Map(images.map((image, i) => [image, `i${i + 1}`] as const));
  const shown = new Map<Instance, string>();
  const ways: string[] = [];
  const nodes = images.map((image) => {
    const id = numbers.get(image) ?? '';
    const rows = rowsOf(image, all).map(({ kind, component, text, instance }, i) => {
      if (instance !== undefined) {
        if (!shown.has(instance)) shown.set(instance, `n${shown.size + 1}`);
        ways.push(`  ${id}:s${i}:e -> ${shown.get(instance) ?? ''}${kind === 'own' ? '' : kind === 'share' ? ' [style=bold]' : ' [style=dotted]'};`);
      }
      return `<tr><td port="s${i}" align="left">${escapeXml(component === '' ? text : `${component}: ${text}`)}</td></tr>`;
    });
    const title = [image.name, stateText(image)].filter((text) => text !== '').join(' - ');
    const colour = image.state === 'live' ? '' : ` color="${image.state === 'damaged' ? '#dc2626' : '#b45309'}"`;
    return `  ${id} [label=<<table border="1" cellborder="0" cellspacing="0"${colour}><tr><td port="t" align="left"><b>${escapeXml(title)}</b></td></tr>${rows.join('')}</table>>];`;
  });
  const tree = (from: string, children: readonly GraphImage[]): readonly string[] => children.flatMap((child) => {
    const id = numbers.get(child) ?? '';
    return [...(from === '' ? [] : [`  ${from} -> ${id}:t [arrowhead=none];`]), ...tree(id, child.children)];
  });
  return [
    'digraph images {',
    '  graph [rankdir=LR, charset="UTF-8"];',
    '  node [shape=plain, fontname="monospace"];',
    ...(graph.root ? ['  i0 [label=".", shape=box];'] : []),
    ...nodes,
    ...(shown.size === 0 ? [] : ['  subgraph instances {', '    rank=max; node [shape=box, style=rounded];', ...[...shown].map(([instance, id]) => `    ${id} [label=<${escapeXml(instanceText(instance))}>];`), '  }']),
    ...tree(graph.root ? 'i0' : '', graph.tops),
    ...ways,
    '}',
  ];
}
