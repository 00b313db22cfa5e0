import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { procSettle } from '../../src/cred/proc.ts';
import { crfree } from '../../src/cred/ucred.ts';
import { reportLeaks, setLeakMode } from '../../src/ref/leaks.ts';
import { World, components, injected } from '../image/world.ts';
import { Model, ended, verify } from './model.ts';
import { operations, reached } from './operations.ts';

afterEach(() => setLeakMode('off'));

it('counts equal holders, the mask equals ancestry and threads see their images, after any sequence; all reach zero', () => {
  fc.assert(
    // Looking for leaks takes a stack at each hold: one sequence in eight does.
    fc.property(operations, fc.nat(7), (commands, leaks) => {
      setLeakMode(leaks === 0 ? 'report' : 'off');
      const world = new World();
      const model = new Model();
      model.images.push({ image: world.tree.img0, parent: undefined, prefix: 0, childrenMax: 65535, instances: components, named: true, handles: 0 });
      fc.modelRun(() => ({ model, real: world }), commands);
      finish(model, world);
      expect(reportLeaks()).toEqual([]);
      expect(world.gone).toHaveLength(new Set(world.gone).size);
    }),
    { numRuns: 300 },
  );
  const outcomes = ['add ok', 'add ENOSPC', 'add ESRCH', 'add EEXIST', 'add EPERM', 'seteimage ok', 'seteimage ESRCH', 'setimage ok', 'setimage ESRCH', 'setimage EPERM'];
  for (const outcome of [...outcomes, ...['ok', 'ended', 'lost', 'dying'].map((how) => `boundary ${how}`)]) {
    expect(reached.get(outcome) ?? 0, outcome).toBeGreaterThan(0);
  }
});

/** Everybody lets go of everything, in no particular order. */
function finish(model: Model, world: World): void {
  for (const p of model.procs.filter((one) => !ended(one))) {
    for (; p.handles > 0; p.handles -= 1) tolerant(() => p.proc.release());
    if (!p.settled) tolerant(() => procSettle(p.proc));
    p.settled = true;
  }
  for (const c of model.creds) for (; c.mine > 0; c.mine -= 1) tolerant(() => crfree(c.cred));
  for (const m of model.images) for (; m.handles > 0; m.handles -= 1) tolerant(() => m.image.refs.free('handle'));
  verify(model, world);
  for (const m of [...model.images].reverse()) {
    if (m.named && m.parent !== undefined) tolerant(() => world.tree.remove(m.image));
    if (m.parent !== undefined) m.named = false;
  }
  world.tree.close();
  for (const m of model.images) m.named = false;
  verify(model, world);
}

function tolerant(fn: () => unknown): void {
  try {
    fn();
  } catch (error) {
    if (!injected(error)) throw error;
  }
}
