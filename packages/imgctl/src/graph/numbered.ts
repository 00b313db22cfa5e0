import { imagesOf, type Graph, type GraphImage, type Instance } from './model.ts';
import { rowsOf, type Row } from './rows.ts';

/** A way from a row of an image to what stands there. */
export interface Way {
  readonly from: string;
  /** Which row it is, from 0. */
  readonly row: number;
  readonly to: string;
  readonly kind: Row['kind'];
}

/** A picture in the words of languages that place things themselves: what there is, by short names, and what leads where. */
export interface Numbered {
  readonly images: readonly { readonly id: string; readonly image: GraphImage; readonly rows: readonly Row[] }[];
  /** By name; each that something leads to, in the order in which they are met. */
  readonly instances: ReadonlyMap<Instance, string>;
  readonly ways: readonly Way[];
  /** From parents to children. */
  readonly tree: readonly (readonly [parent: string, child: string])[];
}

/** `root`: what the image is called in which imgctl runs. */
export function numbered(graph: Graph, all: boolean, root: string): Numbered {
  const images = imagesOf(graph.tops).map((image, i) => ({ id: `i${i + 1}`, image, rows: rowsOf(image, all) }));
  const ids = new Map(images.map(({ id, image }) => [image, id]));
  const instances = new Map<Instance, string>();
  const ways = images.flatMap(({ id, rows }) => rows.flatMap(({ kind, instance }, row): Way[] => {
    if (instance === undefined) return [];
    const to = instances.get(instance) ?? `n${instances.size + 1}`;
    instances.set(instance, to);
    return [{ from: id, row, to, kind }];
  }));
  const below = (parent: string | undefined, children: readonly GraphImage[]): Numbered['tree'] => children.flatMap((child) => {
    const id = ids.get(child) ?? '';
    return [...(parent === undefined ? [] : [[parent, id] as const]), ...below(id, child.children)];
  });
  return { images, instances, ways, tree: below(graph.root ? root : undefined, graph.tops) };
}
