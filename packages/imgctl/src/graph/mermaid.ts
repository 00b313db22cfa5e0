import { instanceText, type Graph } from './model.ts';
import { numbered } from './numbered.ts';
import { titleOf } from './rows.ts';

/** Text in a quoted label: all but plain words is written as Mermaid's entities, so that nothing of it is markup. */
function label(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd').replace(/[^A-Za-z0-9_ .:,()-]/gu, (char) => `#${char.codePointAt(0) ?? 0};`);
}

/** The picture for Mermaid: a thin arrow to what is an image's own, a thick one to what it shares, a dotted one to what it inherits. */
export function mermaidGraph(graph: Graph, all: boolean): readonly string[] {
  const { images, instances, ways, tree } = numbered(graph, all, 'i0');
  const nodes = images.map(({ id, image, rows }) => {
    const lines = rows.map(({ component, text }) => label(component === '' ? text : `${component}: ${text}`));
    return `  ${id}["${[`<b>${label(titleOf(image, ' - '))}</b>`, ...lines].join('<br>')}"]${image.state === 'live' ? '' : `:::${image.state === 'damaged' ? 'bad' : 'odd'}`}`;
  });
  return [
    'flowchart LR',
    ...(graph.root ? ['  i0["<b>.</b>"]'] : []),
    ...nodes,
    ...[...instances].map(([instance, id]) => `  ${id}(["${label(instanceText(instance))}"])`),
    ...tree.map(([parent, child]) => `  ${parent} --- ${child}`),
    ...ways.map(({ from, to, kind }) => `  ${from} ${kind === 'own' ? '-->' : kind === 'share' ? '==>' : '-.->'} ${to}`),
    '  classDef odd stroke:#b45309,stroke-width:2px',
    '  classDef bad stroke:#dc2626,stroke-width:2px',
  ];
}
