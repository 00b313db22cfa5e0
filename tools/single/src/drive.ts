import type * as Core from '@vimage/core';
import { MemorySubstrate } from '@vimage/testing';
import fc from 'fast-check';

/** The exports of one build of core. */
export type Build = typeof Core;

const names = ['.', 'img0', 'web', 'lab.web', 'Web'] as const;
const slots = ['counter', 'other', 'nte', '', 'v_counter'] as const;
const asks = ['lookup', 'fullName', 'info', 'processes', 'refs', 'get', 'destroy', 'set', 'kill'] as const;

/** One step of a program: what is done, to the how-manieth credential (process, thread, handle), and with what. Of images, all but to make them. */
export type Step =
  | { readonly do: 'crget' | 'crset'; readonly at: number; readonly uid: number; readonly gid: number | undefined; readonly groups: readonly number[] }
  | { readonly do: 'crhold' | 'crfree' | 'crdup' | 'fork' | 'settle' | 'end' | 'hold' | 'release' | 'thread' | 'exit' | 'sync' | 'boundary' | 'seteimage' | 'setimage' | 'dropEimage'; readonly at: number }
  | { readonly do: 'ask'; readonly what: (typeof asks)[number]; readonly name: string }
  | { readonly do: 'slot'; readonly name: string }
  | { readonly do: 'effective' | 'run'; readonly fails: boolean; readonly later: boolean; readonly only: string | undefined }
  | { readonly do: 'list' | 'gc' | 'up' | 'down' | 'components' | 'close' };

const at = fc.nat(5);
const cred = { at, uid: fc.nat(9), gid: fc.option(fc.nat(9), { nil: undefined }), groups: fc.array(fc.nat(9), { maxLength: 3 }) };

export const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('crget', 'crset'), ...cred }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constantFrom('crhold', 'crfree', 'crdup', 'fork', 'settle', 'end', 'hold', 'release', 'thread', 'exit', 'sync', 'boundary', 'seteimage', 'setimage', 'dropEimage'), at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask'), what: fc.constantFrom(...asks), name: fc.constantFrom(...names) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('slot'), name: fc.constantFrom(...slots) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('effective', 'run'), fails: fc.boolean(), later: fc.boolean(), only: fc.option(fc.constantFrom(...slots), { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('list', 'gc', 'up', 'down', 'components') }) },
  { weight: 1, arbitrary: fc.constant({ do: 'close' } as const) },
), { maxLength: 40, size: 'max' });

/** Runs a program on one build, and says what each step came to: a value, or the code of the error. */
export async function drive(core: Build, program: readonly Step[]): Promise<readonly unknown[]> {
  const nothing = (): never => { throw new Error('called'); };
  const component = (name: string): Core.AnyComponent => core.defineComponent({
    name, interface: 1, describe: name, params: {}, root: () => ({ name, count: 0 }), create: nothing, save: nothing, restore: nothing, entry: nothing,
  });
  const kernel = await core.boot({ substrate: new MemorySubstrate(), components: [component('counter'), component('other')] });
  const machine = await kernel.lookup('.');
  const thread = kernel.current.get();
  if (thread === undefined) throw new Error('no thread');
  const image = core.cimg(thread.ucred);
  const creds: Core.Ucred[] = [core.crget({ image })];
  const procs: Core.Proc[] = [core.fork(thread.proc)];
  const threads: Core.Thread[] = procs.map((p) => new core.Thread(p));

  const one = <T>(list: readonly T[], index: number): T => {
    const found = list[index % Math.max(1, list.length)];
    if (found === undefined) throw new core.VimageError('ENOENT', 'none');
    return found;
  };
  const counted = (cr: Core.Ucred): unknown => [cr.refs.count, shown(cr)];
  // Of a process, whose threads have references of their own where they cache it.
  const shown = (cr: Core.Ucred): unknown => [cr.uid, cr.gid, cr.groups, core.cimg(cr) === image, core.eimg(cr, 0) === image, core.eimg(cr) === image];
  const look = (p: Core.Proc): unknown => [p.state, p.handles, p.threads.size, p.lost, p.state === 'ended' ? undefined : shown(p.ucred)];

  function act(step: Step): unknown {
    switch (step.do) {
      case 'crget': return counted(creds[creds.push(core.crget({ image, uid: step.uid, groups: step.groups, ...(step.gid === undefined ? {} : { gid: step.gid }) })) - 1] ?? nothing());
      case 'crset': {
        const cr = one(creds, step.at);
        core.crset(cr, { image, uid: step.uid, groups: step.groups, ...(step.gid === undefined ? {} : { gid: step.gid }) });
        return counted(cr);
      }
      case 'crhold': return counted(core.crhold(one(creds, step.at)));
      case 'crfree': {
        const cr = one(creds, step.at);
        core.crfree(cr);
        return counted(cr);
      }
      case 'crdup': return counted(creds[creds.push(core.crdup(one(creds, step.at))) - 1] ?? nothing());
      case 'fork': return look(procs[procs.push(core.fork(procs.length > 0 && step.at > 2 ? one(procs, step.at) : thread?.proc ?? nothing())) - 1] ?? nothing());
      case 'settle': return changed(step.at, (p) => { core.procSettle(p); });
      case 'end': return changed(step.at, (p) => { core.procEnd(p); });
      case 'hold': return changed(step.at, (p) => { p.hold(); });
      case 'release': return changed(step.at, (p) => { p.release(); });
      case 'seteimage': return changed(step.at, (p) => { core.seteimage(p, image); });
      case 'setimage': return changed(step.at, (p) => { core.setimage(p, image); });
      case 'dropEimage': return changed(step.at, (p) => { core.seteimage(p, image, { only: [0] }); });
      case 'thread': return changed(step.at, (p) => { threads.push(new core.Thread(p)); });
      case 'exit': return one(threads, step.at).exit();
      case 'sync': return core.tdSync(one(threads, step.at));
      case 'boundary': return core.boundary(one(threads, step.at), (td) => [td.image === image, td.eimage === image, shown(td.ucred)]);
      case 'ask': return ask(step.what, step.name);
      case 'slot': return machine.slot(step.name).then((slot) => [slot, Object(image)[`v_${step.name}`] === slot]);
      case 'effective':
      case 'run': {
        const fn = (): unknown => {
          if (step.fails) throw new core.VimageError('EIO', 'as asked');
          return step.later ? Promise.resolve(1) : 1;
        };
        if (step.do === 'run') return machine.run(fn);
        return step.only === undefined ? machine.effective(fn) : machine.effective({ only: [step.only] }, fn);
      }
      case 'list': return kernel.list();
      case 'gc': return kernel.gc();
      case 'up': return kernel.up([]);
      case 'down': return kernel.down([{ name: 'web', pairs: [], children: [] }]);
      case 'components': return kernel.components();
      case 'close': return kernel.close();
    }
  }

  function changed(index: number, change: (p: Core.Proc) => void): unknown {
    const p = one(procs, index);
    change(p);
    return look(p);
  }

  function ask(what: (typeof asks)[number], name: string): unknown {
    switch (what) {
      case 'lookup': return kernel.lookup(name).then((handle) => [handle.name, handle.serial === image.serial, handle.notes]);
      case 'set': return kernel.set(name, []);
      case 'kill': return kernel.kill(name, undefined, 'SIGTERM');
      default: return kernel[what](name);
    }
  }

  const outcomes: unknown[] = [];
  try {
    for (const step of program) {
      try {
        outcomes.push([step.do, await act(step)]);
      } catch (error) {
        outcomes.push([step.do, core.codeOf(error) ?? (error instanceof Error ? error.name : error)]);
      }
    }
  } finally {
    await kernel.close();
  }
  return outcomes;
}
