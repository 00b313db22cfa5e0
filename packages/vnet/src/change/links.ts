import { VimageError } from '@vimage/core';
import type { Link } from '@vimage/netlink';
import type { Stack } from '../stack.ts';

/** The interfaces of a stack as they will be once what was noted is sent: so that indexes are known before the kernel acts. */
export class Links {
  readonly #stack: Stack;
  #known: Map<string, number> | undefined;
  #now = new Map<string, Link>();
  #next = 0;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** The interface as the kernel last described it; undefined for one that is still to be made. */
  now(name: string): Link | undefined {
    this.#load();
    return this.#now.get(name);
  }

  names(): readonly string[] {
    return [...this.#load().keys()];
  }

  find(name: string): number | undefined {
    return this.#load().get(name);
  }

  /** Index of an interface that must be there. ENODEV. */
  need(name: string, param: string): number {
    const index = this.find(name);
    if (index === undefined) {
      throw new VimageError('ENODEV', `${param}: there is no interface "${name}" in the image`, { subject: name, hint: `it has ${this.names().join(', ')}` });
    }
    return index;
  }

  /** Reserves a name, and an index that is free, for an interface that is about to be made. EEXIST. */
  make(name: string, param: string): number {
    const known = this.#load();
    this.absent(name, param);
    const index = this.#next++;
    known.set(name, index);
    return index;
  }

  /** EEXIST when an interface of that name is there. */
  absent(name: string, param: string): void {
    if (!this.#load().has(name)) return;
    throw new VimageError('EEXIST', `${param}: the image has an interface "${name}" already`, { subject: name, hint: 'choose another name' });
  }

  /** Notes that an interface goes. */
  drop(name: string): void {
    this.#load().delete(name);
    this.#now.delete(name);
  }

  /** Forgets what was known: interfaces were moved in or out. */
  refresh(): void {
    this.#known = undefined;
  }

  #load(): Map<string, number> {
    if (this.#known !== undefined) return this.#known;
    const list = this.#stack.nl.linkList({ noStats: true });
    this.#now = new Map(list.map((link) => [link.name, link]));
    this.#known = new Map(list.map((link) => [link.name, link.index]));
    this.#next = Math.max(1, ...list.map((link) => link.index)) + 1;
    return this.#known;
  }
}
