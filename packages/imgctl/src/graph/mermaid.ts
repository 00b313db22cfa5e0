import { imagesOf, instanceText, type Graph, type GraphImage, type Instance } from './model.ts';
import { rowsOf, stateText } from './rows.ts';

/** Text in a quoted label: all but plain words is written as Mermaid's entities, so that nothing of it is markup. */
function label(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd').replace(/[^A-Za-z0-9_ .:,()-]/gu, (char) => `#${char.codePointAt(0) ?? 0};`);
}

/** The picture for Mermaid: a thin arrow to what is an image's own, a thick one to what it shares, a dotted one to what it inherits. */
export function mermaidGraph(graph: Graph, all: boolean): readonly string[] {
  const images = imagesOf(graph.tops);
  const numbers = new Map(images.map((image, i) => [image, `i${i + 1}`] as const));
  const shown = new Map<Instance, string>();
  const ways: string[] = [];
  const nodes = images.map((image) => {
    const rows = rowsOf(image, all);
    const id = numbers.get(image) ?? '';
    for (const { kind, instance } of rows) {
      if (instance === undefined) continue;
      if (!shown.has(instance)) shown.set(instance, `n${shown.size + 1}`);
      ways.push(`  ${id} ${kind === 'own' ? '-->' : kind === 'share' ? '==>' : '-.->'} ${shown.get(instance) ?? ''}`);
    }
    const title = [image.name, stateText(image)].filter((text) => text !== '').join(' - ');
    const lines = rows.map(({ component, text }) => label(component === '' ? text : `${component}: ${text}`));
    return `  ${id}["${[`<b>${label(title)}</b>`, ...lines].join('<br>')}"]${image.state === 'live' ? '' : `:::${image.state === 'damaged' ? 'bad' : 'odd'}`}`;
  });
  const tree = (from: string, children: readonly GraphImage[]): readonly string[] => children.flatMap((child) => {
    const id = numbers.get(child) ?? '';
    return [...(from === '' ? [] : [`  ${from} --- ${id}`]), ...tree(id, child.children)];
  });
  return [
    'flowchart LR',
    ...(graph.root ? ['  i0["<b>.</b>"]'] : []),
    ...nodes,
    ...[...shown].map(([instance, id]) => `  ${id}(["${label(instanceText(instance))}"])`),
    ...tree(graph.root ? 'i0' : '', graph.tops),
    ...ways,
    '  classDef odd stroke:#b45309,stroke-width:2px',
    '  classDef bad stroke:#dc2626,stroke-width:2px',
  ];
}
