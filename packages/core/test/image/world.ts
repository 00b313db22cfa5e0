import type { Image } from '../../src/image/image.ts';
import { InstanceRef } from '../../src/image/slot.ts';
import { ImageTree } from '../../src/image/tree.ts';
import type { NewImage } from '../../src/image/wanted.ts';
import { VimageError, codeOf } from '../../src/errors.ts';

export const components = ['net', 'proc', 'priv'] as const;

/** A tree with three components, serials that count up, and a list of what was let go. */
export class World {
  readonly gone: string[] = [];
  /** Instances whose end fails. */
  readonly failing: Set<string> = new Set();
  readonly tree: ImageTree;
  #serial = 0n;

  constructor() {
    this.tree = new ImageTree({ components, instances: components.map((name, number) => this.instance(number, name)) });
  }

  instance(component: number, name: string): InstanceRef {
    return new InstanceRef(component, { name }, name, () => {
      this.gone.push(name);
      if (this.failing.has(name)) throw new VimageError('EIO', `injected: ${name}`);
    });
  }

  serial(): bigint {
    this.#serial += 1n;
    return this.#serial;
  }

  add(parent: Image, name: string, more: Partial<NewImage> = {}): Image {
    return this.tree.add({ parent, name, serial: this.serial(), childrenMax: 3, ...more });
  }

  /** The image of a dotted name, made with what is missing above it. */
  path(dotted: string, childrenMax = 3): Image {
    let at = this.tree.img0;
    for (const segment of dotted.split('.')) at = at.children.get(segment) ?? this.add(at, segment, { childrenMax });
    return at;
  }
}

/** The code of what `fn` throws; a failure if it throws nothing. */
export function thrown(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    return codeOf(error) ?? (error instanceof Error ? error.name : String(error));
  }
  return 'nothing thrown';
}

/** Whether all that failed is what was injected: the end of an instance. */
export function injected(error: unknown): boolean {
  return error instanceof AggregateError ? error.errors.every(injected) : codeOf(error) === 'EIO';
}
