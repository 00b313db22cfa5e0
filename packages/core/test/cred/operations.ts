import fc from 'fast-check';
import { expect } from 'vitest';
import { codeOf } from '../../src/errors.ts';
import { childBits } from '../../src/image/address.ts';
import type { SlotAsk } from '../../src/image/slot.ts';
import { Proc, fork, procSettle } from '../../src/cred/proc.ts';
import { seteimage, setimage } from '../../src/cred/seteimage.ts';
import { Thread, boundary } from '../../src/cred/thread.ts';
import { cimg, crdup, crfree, crget, crhold, crset, eimg } from '../../src/cred/ucred.ts';
import { type World, components, injected } from '../image/world.ts';
import { type Model, type ModelCred, type ModelImage, credCount, ended, isBelow, isThere, verify } from './model.ts';

/** How often each outcome was seen: a model test that reaches nothing proves nothing. */
export const reached: Map<string, number> = new Map();
const reach = (what: string): void => void reached.set(what, (reached.get(what) ?? 0) + 1);

type Step<A extends unknown[]> = (model: Model, world: World, ...args: A) => void;

class Operation implements fc.Command<Model, World> {
  readonly #text: string;
  readonly #step: Step<[]>;

  constructor(text: string, step: Step<[]>) {
    this.#text = text;
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, world: World): void {
    this.#step(model, world);
    verify(model, world);
  }

  toString(): string {
    return this.#text;
  }
}

function operation<A extends unknown[]>(name: string, args: { [K in keyof A]: fc.Arbitrary<A[K]> }, step: Step<A>): fc.Arbitrary<Operation> {
  return fc.tuple<A>(...args).map((given) => new Operation(`${name}(${given.map(String).join(', ')})`, (model, world) => step(model, world, ...given)));
}

/** `ok` or the code; an injected failure at the end of an instance must have changed nothing else, so it counts as ok. */
function outcome(fn: () => unknown): string {
  try {
    fn();
    return 'ok';
  } catch (error) {
    if (injected(error)) return 'ok';
    const code = codeOf(error);
    if (code === undefined) throw error;
    return code;
  }
}

/** One of them, or nothing is done. */
function some<T>(all: readonly T[], at: number, then: (one: T) => void): void {
  const one = all[at % Math.max(1, all.length)];
  if (one !== undefined) then(one);
}

const n = fc.nat(1000);
const there = (model: Model): ModelImage[] => model.images.filter((m) => isThere(model, m));
const running = (model: Model) => model.procs.filter((p) => !ended(p));
const mine = (model: Model): ModelCred[] => model.creds.filter((c) => c.mine > 0);
const bitsOf = (m: ModelImage): number => childBits(m.childrenMax);

const add = operation<[number, string, SlotAsk['kind'][], number, number, boolean]>(
  'add',
  [n, fc.constantFrom('a', 'b', 'c', 'd'), fc.array(fc.constantFrom('own', 'inherit', 'share'), { minLength: 3, maxLength: 3 }), n, fc.constantFrom(0, 1, 3, 3, 65535, 65535), fc.boolean()],
  (model, world, at, name, kinds, from, childrenMax, failing) => {
    some(there(model), at, (parent) => some(there(model), from, (source) => {
      model.made += 1;
      const instances = kinds.map((kind, c) => (kind === 'own' ? `${components[c]}${model.made}` : ((kind === 'inherit' ? parent : source).instances[c] ?? '')));
      if (failing) kinds.forEach((kind, c) => kind === 'own' && world.failing.add(instances[c] ?? ''));
      const asks = kinds.map((kind, c): SlotAsk => {
        if (kind === 'own') return { kind, instance: world.instance(c, instances[c] ?? '') };
        return kind === 'share' ? { kind, from: source.image } : { kind };
      });
      const siblings = model.images.filter((m) => m.parent === parent && m.named);
      const prefix = parent.prefix + bitsOf(parent);
      const wrong = [
        [!parent.named, 'ESRCH'],
        [prefix + childBits(childrenMax) > 64, 'ENOSPC'],
        [siblings.some((m) => m.image.segment === name), 'EEXIST'],
        [siblings.length >= parent.childrenMax, 'EPERM'],
        [kinds.includes('share') && !source.named, 'ESRCH'],
      ] as const;
      const result = outcome(() => {
        const image = world.add(parent.image, name, { slots: new Map(asks.entries()), childrenMax });
        model.images.push({ image, parent, prefix, childrenMax, instances, named: true, handles: 0 });
      });
      reach(`add ${result}`);
      expect(result).toBe(wrong.find(([is]) => is)?.[1] ?? 'ok');
    }));
  },
);

const remove = operation<[number]>('remove', [n], (model, world, at) => {
  some(model.images.filter((m) => m.named && m.parent !== undefined), at, (m) => {
    const blocked = model.images.some((child) => child.parent === m && child.named);
    expect(outcome(() => world.tree.remove(m.image))).toBe(blocked ? 'ENOTEMPTY' : 'ok');
    if (!blocked) m.named = false;
  });
});

/** The image that a proc acts on is taken away from it. */
const pull = operation<[number]>('remove eimage', [n], (model, world, at) => {
  some(running(model).filter(({ cred }) => cred.eimage.named && cred.eimage.parent !== undefined && cred.eimage !== cred.image), at, ({ cred: { eimage } }) => {
    if (model.images.some((child) => child.parent === eimage && child.named)) return;
    expect(outcome(() => world.tree.remove(eimage.image))).toBe('ok');
    eimage.named = false;
  });
});

const handle = operation<[number, boolean]>('handle', [n, fc.boolean()], (model, _, at, open) => {
  some(there(model).filter((m) => open || m.handles > 0), at, (m) => {
    expect(outcome(() => (open ? m.image.refs.hold('handle') : m.image.refs.free('handle')))).toBe('ok');
    m.handles += open ? 1 : -1;
  });
});

const get = operation<[number, number, number]>('crget', [n, n, n], (model, _, a, b, c) => {
  some(there(model), a, (image) => some(there(model), b, (eimage) => some(there(model), c, (saved) => {
    const live = image.named && eimage.named && saved.named;
    const result = outcome(() => model.creds.push({ cred: crget({ image: image.image, eimage: eimage.image, saved: saved.image }), image, eimage, saved, mine: 1 }));
    expect(result).toBe(live ? 'ok' : 'ESRCH');
  })));
});

const dup = operation<[number]>('crdup', [n], (model, _, at) => {
  some(mine(model), at, (c) => model.creds.push({ ...c, cred: crdup(c.cred), mine: 1 }));
});

const hold = operation<[number, boolean]>('crhold', [n, fc.boolean()], (model, _, at, up) => {
  some(mine(model), at, (c) => {
    expect(outcome(() => (up ? crhold(c.cred) : crfree(c.cred)))).toBe('ok');
    c.mine += up ? 1 : -1;
  });
});

const tooFree = operation<[number]>('crfree too often', [n], (model, _, at) => {
  some(model.creds.filter((c) => credCount(model, c) === 0), at, (c) => expect(() => crfree(c.cred)).toThrowError(/holds no reference/));
});

const change = operation<[number, number]>('crset', [n, n], (model, _, at, to) => {
  some(mine(model), at, (c) => some(there(model), to, (m) => {
    if (credCount(model, c) > 1) {
      expect(() => crset(c.cred, { eimage: m.image })).toThrowError(/changed while it has/);
      return;
    }
    expect(outcome(() => crset(c.cred, { eimage: m.image, saved: m.image }))).toBe(m.named ? 'ok' : 'ESRCH');
    if (m.named) Object.assign(c, { eimage: m, saved: m });
  }));
});

const proc = operation<[number, number]>('proc', [n, n], (model, _, at, saved) => {
  some(there(model).filter((m) => m.named), at, (image) => some(there(model).filter((m) => m.named), saved, (other) => {
    const cred: ModelCred = { cred: crget({ image: image.image, saved: other.image }), image, eimage: image, saved: other, mine: 0 };
    const made = new Proc(cred.cred);
    model.creds.push(cred);
    model.procs.push({ proc: made, cred, threads: [{ td: new Thread(made), cred }], settled: false, handles: 0, lost: false });
  }));
});

const forked = operation<[number]>('fork', [n], (model, _, at) => {
  some(model.procs, at, (p) => {
    const result = outcome(() => model.procs.push({ proc: fork(p.proc), cred: p.cred, threads: [], settled: false, handles: 0, lost: p.lost }));
    expect(result).toBe(ended(p) ? 'ESRCH' : 'ok');
  });
});

const thread = operation<[number]>('thread', [n], (model, _, at) => {
  some(model.procs, at, (p) => {
    expect(outcome(() => p.threads.push({ td: new Thread(p.proc), cred: p.cred }))).toBe(ended(p) ? 'ESRCH' : 'ok');
  });
});

const life = operation<[number, 'hold' | 'release' | 'settle']>('proc', [n, fc.constantFrom('hold', 'hold', 'release', 'settle')], (model, _, at, what) => {
  some(running(model), at, (p) => {
    if (what === 'release' && p.handles === 0) return;
    expect(outcome(() => (what === 'hold' ? p.proc.hold() : what === 'release' ? p.proc.release() : procSettle(p.proc)))).toBe('ok');
    if (what === 'settle') p.settled = true;
    else p.handles += what === 'hold' ? 1 : -1;
  });
});

const become = operation<[number, number, boolean, 'any' | 'below' | 'saved']>('seteimage/setimage', [n, n, fc.boolean(), fc.constantFrom('any', 'below', 'saved')], (model, _, at, to, move, which) => {
  some(model.procs, at, (p) => some(there(model).filter((m) => which === 'any' || (which === 'saved' ? m === p.cred.saved : isBelow(m, p.cred.image))), to, (m) => {
    const { image, saved } = p.cred;
    const inside = isBelow(m, image) && (m.named || image.parent === undefined || m.image.addrHi !== 0);
    const expected = ended(p) || (!inside && m !== saved) || !m.named ? 'ESRCH' : move && !inside ? 'EPERM' : 'ok';
    const known = p.cred;
    expect(outcome(() => (move ? setimage(p.proc, m.image) : seteimage(p.proc, m.image)))).toBe(expected);
    reach(`${move ? 'setimage' : 'seteimage'} ${expected}`);
    if (expected !== 'ok') return;
    p.cred = move ? { cred: p.proc.ucred, image: m, eimage: m, saved: m, mine: 0 } : { ...known, cred: p.proc.ucred, eimage: m, mine: 0 };
    p.lost = false;
    model.creds.push(p.cred);
  }));
});

const cross = operation<[number, number]>('boundary', [n, n], (model, _, at, which) => {
  some(model.procs.filter((p) => which % 2 === 0 || (!ended(p) && (p.lost || !p.cred.eimage.named))), at, (p) => some(p.threads, which, (t) => {
    const dead = !ended(p) && p.cred.image.named && !p.cred.eimage.named;
    const expected = ended(p) || p.lost || !p.cred.image.named || !p.cred.eimage.named ? 'ESRCH' : 'ok';
    reach(`boundary ${ended(p) ? 'ended' : p.lost ? 'lost' : dead ? 'dying' : expected}`);
    let crossed = false;
    const result = outcome(() => boundary(t.td, (td) => {
      crossed = true;
      expect(td.image).toBe(cimg(td.ucred));
      expect(td.eimage).toBe(eimg(td.ucred));
      expect(td.image).toBe(p.cred.image.image);
      expect(td.eimage).toBe(p.cred.eimage.image);
    }));
    if (ended(p)) {
      expect(result).toBe('ESRCH');
      return;
    }
    // Where an instance's end failed on the way, the boundary was not crossed.
    if (result !== expected) expect([result, crossed]).toEqual(['ok', false]);
    if (crossed) expect(expected).toBe('ok');
    if (dead && p.proc.lost !== undefined) {
      const { image, saved } = p.cred;
      p.cred = { cred: p.proc.ucred, image, eimage: image, saved: saved.named ? saved : image, mine: 0 };
      model.creds.push(p.cred);
      p.lost = true;
    }
    if (t.td.ucred === p.cred.cred) t.cred = p.cred;
  }));
});

/** Any sequence of what can happen to images, credentials, procs and threads. */
export const operations: fc.Arbitrary<Iterable<fc.Command<Model, World>>> = fc.commands(
  [add, add, add, add, remove, pull, pull, handle, get, dup, hold, tooFree, change, proc, proc, forked, thread, life, become, become, cross, cross, cross],
  // Without `max` most sequences have fewer than ten steps, and nothing much happens in them.
  { maxCommands: 100, size: 'max' },
);
