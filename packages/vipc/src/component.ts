import { defineComponent, type Component, type EntryStep } from '@vimage/core';
import { identityPairs, ipcCount, ipcCreate, joinStep, linuxOf, openSelf, usersOf } from '@vimage/linux';
import { giveBack, noteBefore } from './giveback.ts';
import { vipcParams } from './params.ts';
import { checkSysctls, sysctlsOf } from './sysctl.ts';
import { openPinned, readSaved, readSysctls, stale, writeSysctls, type Vipc } from './vipc.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    ipc: { readonly instance: Vipc; readonly params: typeof vipcParams };
  }
}

/** Where there is a place for them: the host's, or one that `vir fs` made with /dev. */
const mqueue: EntryStep = { verb: 'mount', args: [['fs', 'mqueue'], ['to', '/dev/mqueue'], ['flags', 'nosuid,nodev,noexec'], ['optional', 'yes']] };

/** The `ipc` component: an image's own System V IPC, POSIX message queues and POSIX shared memory. */
export const ipc: Component<'ipc'> = defineComponent<'ipc'>({
  name: 'ipc',
  interface: 1,
  describe: 'shared memory, semaphores and message queues of its own',
  requires: [],
  // What it mounts is mounted in the image's own file system.
  after: ['user', 'fs'],
  params: vipcParams,

  root: () => ({ serial: undefined, ns: openSelf('ipc') }),

  check: ({ values }) => { checkSysctls(values.sysctl); },

  create: async (cx) => {
    const { serial } = cx.image;
    const lx = linuxOf(cx.substrate);
    const made: Vipc = { serial, ns: ipcCreate(usersOf(await cx.peek('user'))?.ns) };
    cx.scope.defer(() => { made.ns.close(); });
    await lx.pin(serial, 'ipc', made.ns);
    cx.scope.defer(async () => { (await lx.pinner()).unpin(serial, 'ipc'); });
    await lx.shmCreate(serial);
    cx.scope.defer(async () => { (await lx.pinner()).unpin(serial, 'shm'); });
    writeSysctls(made, sysctlsOf(cx.values));
    return made;
  },

  set: async (made, cx) => {
    const [before, after] = [sysctlsOf(cx.before), sysctlsOf(cx.values)];
    const left = [...before.keys()].filter((key) => !after.has(key));
    const changed = [...after].filter(([key, value]) => before.get(key) !== value);
    const keys = [...left, ...changed.map(([key]) => key)];
    if (keys.length === 0) return undefined;
    const was = readSysctls(made, keys);
    await noteBefore(cx.stage, was);
    cx.scope.defer(async () => {
      writeSysctls(made, was);
      await noteBefore(cx.stage);
    });
    writeSysctls(made, new Map([...asNew(left), ...changed]));
    return undefined;
  },

  get: ({ ns }) => [['shm.used', String(ipcCount(ns, 'shm'))], ['sem.used', String(ipcCount(ns, 'sem'))], ['msg.used', String(ipcCount(ns, 'msg'))]],

  save: ({ ns }) => identityPairs(ns),

  restore: async (saved, cx) => {
    const { serial, name } = cx.image;
    const known = readSaved(saved, name);
    const ns = await openPinned(linuxOf(cx.substrate), cx.image);
    if (ns.is({ type: 'ipc', ...known })) return { serial, ns };
    ns.close();
    throw stale(name, 'is another one than it was made with');
  },

  remove: async (_made, { stage, shared }) => {
    if (!shared && (await stage.journalled('ipc')).length > 0) await stage.settle('ipc', []);
    return [];
  },

  forget: ({ ns }) => { ns.close(); },

  once: ({ values }) => (sysctlsOf(values).size === 0 ? { steps: [{ verb: 'new', args: [['type', 'ipc']] }, mqueue, shm] } : undefined),

  entry: ({ serial, ns }) => (serial === undefined ? [] : [
    joinStep(serial, 'ipc', ns),
    mqueue,
    // The maker's, so that whoever shares the namespace has this, too.
    { verb: 'cover', args: [['to', '/dev/shm'], ['pin', `${serial}/shm`]] },
  ]),

  giveBack,
});

/** For one command: nobody else is to meet him there. */
const shm: EntryStep = { verb: 'mount', args: [['fs', 'tmpfs'], ['to', '/dev/shm'], ['flags', 'nosuid,nodev,noexec'], ['data', 'mode=1777'], ['optional', 'yes']] };

/** The limits that a namespace is made with, which the kernel alone knows. */
function asNew(keys: Parameters<typeof readSysctls>[1]): ReturnType<typeof readSysctls> {
  using ns = ipcCreate();
  return readSysctls({ ns }, keys);
}
