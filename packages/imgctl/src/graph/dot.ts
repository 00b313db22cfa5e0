import { instanceText, type Graph } from './model.ts';
import { numbered } from './numbered.ts';
import { titleOf } from './rows.ts';
import { escapeXml } from './xml.ts';

/** The picture for Graphviz: an image is a table with a port for each slot; ways to what is shared are bold, to what is inherited dotted. */
export function dotGraph(graph: Graph, all: boolean): readonly string[] {
  const { images, instances, ways, tree } = numbered(graph, all, 'i0');
  const nodes = images.map(({ id, image, rows }) => {
    const cells = rows.map(({ component, text }, i) => `<tr><td port="s${i}" align="left">${escapeXml(component === '' ? text : `${component}: ${text}`)}</td></tr>`);
    const colour = image.state === 'live' ? '' : ` color="${image.state === 'damaged' ? '#dc2626' : '#b45309'}"`;
    return `  ${id} [label=<<table border="1" cellborder="0" cellspacing="0"${colour}><tr><td port="t" align="left"><b>${escapeXml(titleOf(image, ' - '))}</b></td></tr>${cells.join('')}</table>>];`;
  });
  return [
    'digraph images {',
    '  graph [rankdir=LR, charset="UTF-8"];',
    '  node [shape=plain, fontname="monospace"];',
    ...(graph.root ? ['  i0 [label=".", shape=box];'] : []),
    ...nodes,
    ...(instances.size === 0 ? [] : ['  subgraph instances {', '    rank=max; node [shape=box, style=rounded];', ...[...instances].map(([instance, id]) => `    ${id} [label=<${escapeXml(instanceText(instance))}>];`), '  }']),
    ...tree.map(([parent, child]) => `  ${parent} -> ${child}:t [arrowhead=none];`),
    ...ways.map(({ from, row, to, kind }) => `  ${from}:s${row}:e -> ${to}${kind === 'own' ? '' : kind === 'share' ? ' [style=bold]' : ' [style=dotted]'};`),
    '}',
  ];
}
