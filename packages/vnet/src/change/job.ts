import type { Awaitable, ImageView, Scope, Stage } from '@vimage/core';
import type { Vnet } from '../vnet.ts';
import type { Stack } from '../stack.ts';
import type { VnetValues, Wanted } from '../wanted/wanted.ts';
import type { Links } from './links.ts';
import type { Work } from './work.ts';

/** One change of one image's stack: what it works with, and what it has to tell at the end. */
export interface Job {
  readonly image: ImageView;
  readonly own: Stack;
  readonly parent: Vnet;
  readonly stage: Stage;
  readonly scope: Scope;
  /** The stack is new: on failure it is thrown away whole. */
  readonly fresh: boolean;
  /** Part of it may have been done already, or undone: what is so is fine, what cannot be is noted. */
  readonly tolerant: boolean;
  readonly before: Wanted;
  readonly after: Wanted;
  readonly values: VnetValues;
  readonly beforeValues: VnetValues;
  readonly links: Links;
  readonly work: Work;
  readonly notes: string[];
  peer(image: string): Awaitable<Vnet>;
}
