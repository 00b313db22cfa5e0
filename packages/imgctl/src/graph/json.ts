import { imagesOf, type Graph, type GraphImage } from './model.ts';

/** `{nodes, edges}`: images and instances; who is inside whom, and which slot holds what. */
export function jsonGraph(graph: Graph): { readonly nodes: readonly object[]; readonly edges: readonly object[] } {
  const images = imagesOf(graph.tops);
  const instances = [...new Set(images.flatMap(({ slots }) => slots.map(({ instance }) => instance)))];
  const inside = (from: string, children: readonly GraphImage[]): readonly object[] => children.flatMap((child) => [{ from, to: child.id, kind: 'child' }, ...inside(child.id, child.children)]);
  return {
    nodes: [
      ...(graph.root ? [{ id: '.', kind: 'image', name: '.', state: 'live' }] : []),
      ...images.map(({ id, name, state, error }) => ({ id, kind: 'image', name, state, ...(error === undefined ? {} : { error }) })),
      ...instances.map(({ id, component, owner, gone }) => ({ id, kind: 'instance', component, owner, ...(gone ? { gone } : {}) })),
    ],
    edges: [
      ...(graph.root ? inside('.', graph.tops) : graph.tops.flatMap(({ id, children }) => inside(id, children))),
      ...images.flatMap(({ id, slots }) => slots.map(({ kind, instance }) => ({ from: id, to: instance.id, kind, component: instance.component }))),
    ],
  };
}
