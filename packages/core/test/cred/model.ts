import { expect } from 'vitest';
import { isInside } from '../../src/image/address.ts';
import type { Image } from '../../src/image/image.ts';
import type { Proc } from '../../src/cred/proc.ts';
import type { Thread } from '../../src/cred/thread.ts';
import type { Ucred } from '../../src/cred/ucred.ts';
import { World, components } from '../image/world.ts';

/** Plain facts about an image: sets and parents, no counts and no masks. */
export interface ModelImage {
  readonly image: Image;
  readonly parent: ModelImage | undefined;
  readonly prefix: number;
  readonly childrenMax: number;
  /** The instance in each slot, by the name it was given. */
  readonly instances: readonly string[];
  named: boolean;
  handles: number;
}

export interface ModelCred {
  readonly cred: Ucred;
  image: ModelImage;
  eimage: ModelImage;
  saved: ModelImage;
  /** References that the test itself has; procs and threads are counted from their lists. */
  mine: number;
}

export interface ModelProc {
  readonly proc: Proc;
  cred: ModelCred;
  readonly threads: ModelThread[];
  settled: boolean;
  handles: number;
  /** Its effective image died, and a boundary has seen it. */
  lost: boolean;
}

export interface ModelThread {
  readonly td: Thread;
  /** What it saw at its last boundary. */
  cred: ModelCred;
}

export class Model {
  readonly images: ModelImage[] = [];
  readonly creds: ModelCred[] = [];
  readonly procs: ModelProc[] = [];
  made = 0;
}

export const ended = (p: ModelProc): boolean => p.settled && p.handles === 0;
export const isBelow = (a: ModelImage, b: ModelImage): boolean => a === b || (a.parent !== undefined && isBelow(a.parent, b));

/** References on a cred, counted from who has it. */
export function credCount(model: Model, c: ModelCred): number {
  const live = model.procs.filter((p) => !ended(p));
  return c.mine + live.filter((p) => p.cred === c).length + live.flatMap((p) => p.threads).filter((t) => t.cred === c).length;
}

function credRefs(model: Model, m: ModelImage): number {
  return model.creds.filter((c) => credCount(model, c) > 0).flatMap((c) => [c.image, c.eimage, c.saved]).filter((named) => named === m).length;
}

function children(model: Model, m: ModelImage): number {
  return model.images.filter((child) => child.parent === m && isThere(model, child)).length;
}

/** Whether anything at all refers to the image. */
export function isThere(model: Model, m: ModelImage): boolean {
  return m.named || m.handles > 0 || credRefs(model, m) > 0 || children(model, m) > 0;
}

/** Of the dying, one whose slot was needed for another has no address of its own any more. */
function keepsAddress(m: ModelImage): boolean {
  return m.image.prefix === m.prefix && (m.named || m.image.addrHi !== 0);
}

/** Everything that must hold after every operation. */
export function verify(model: Model, world: World): void {
  for (const m of model.images) {
    const expected = Object.entries({ tree: m.named ? 1 : 0, handle: m.handles, cred: credRefs(model, m), child: children(model, m) }).filter(([, n]) => n > 0);
    expect(Object.fromEntries(m.image.refs.held())).toEqual(Object.fromEntries(expected));
    expect(m.image.refs.gone).toBe(expected.length === 0);
    expect(world.tree.dying.has(m.image)).toBe(!m.named && expected.length > 0);
    if (!m.named) expect(m.image.state).toBe('dying');
    expect(world.tree.bySerial(m.image.serial)).toBe(expected.length > 0 ? m.image : undefined);
  }
  const there = model.images.filter((m) => isThere(model, m));
  for (const a of there) {
    for (const b of there) {
      if (!b.named) continue;
      const inside = isBelow(a, b) && (keepsAddress(a) || b.parent === undefined);
      // expect() for every pair would take most of the test's time.
      if (isInside(a.image, b.image) !== inside) expect.fail(`${a.image.name} inside ${b.image.name}: the tree says ${inside}, the mask does not`);
    }
  }
  const used = new Set(there.flatMap((m) => m.instances));
  const known = new Set(model.images.flatMap((m) => m.instances));
  expect([...world.gone].sort()).toEqual([...known].filter((name) => !used.has(name)).sort());
  for (const m of there) {
    expect(components.map((name) => m.image[`v_${name}`])).toEqual(m.instances.map((name) => ({ name })));
  }
  for (const c of model.creds) expect(c.cred.refs.count).toBe(credCount(model, c));
  for (const p of model.procs) expect(p.proc.state === 'ended').toBe(ended(p));
}
