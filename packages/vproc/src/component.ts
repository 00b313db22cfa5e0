import { VimageError, codeOf, defineComponent, type Component, type EntryStep, type ImageView } from '@vimage/core';
import { joinStep, linuxOf, processInfo, type InitPids, type LinuxSubstrate, type OuterPid } from '@vimage/linux';
import { endFirst } from './end.ts';
import { giveBack, pinnedView } from './giveback.ts';
import { firstNote, noteLimit } from './journal.ts';
import { vprocParams } from './params.ts';
import { type Vproc, readSaved, root, savedPairs } from './vproc.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    proc: { readonly instance: Vproc; readonly params: typeof vprocParams };
  }
}

const procMount: EntryStep = { verb: 'mount', args: [['fs', 'proc'], ['to', '/proc'], ['flags', 'nosuid,nodev,noexec']] };

/** The `proc` component: an image's own process table. */
export const vproc: Component<'proc'> = defineComponent<'proc'>({
  name: 'proc',
  interface: 1,
  describe: 'a process table of its own, with a pid 1 that reaps',
  requires: [],
  // What it mounts is mounted in the image's own file system.
  after: ['fs'],
  params: vprocParams,
  example: [['max', '64']],

  root: () => root,

  check: (cx) => {
    if (cx.values.oneway !== false) return;
    throw new VimageError('EOPNOTSUPP', 'oneway false cannot be had: a Linux pid namespace is always visible from the one around it', {
      subject: 'oneway',
      hint: 'leave it out, or say oneway true: the parent sees the image’s processes, they never see the parent’s',
    });
  },

  create: async (cx) => {
    const lx = linuxOf(cx.substrate);
    const { serial } = cx.image;
    if (cx.values.max !== undefined) lx.pidsLimit(cx.image, 'proc', cx.values.max);
    if (lx.cgroupOf(cx.image) === undefined) await cx.stage.journal('proc', firstNote);
    const pids = await start(lx, cx.image, cx.parent);
    cx.scope.defer(async () => {
      const pinned = await pinnedView(lx, serial);
      if (pinned !== undefined) await endFirst({ pid: pids.view }, [pinned]);
      (await lx.pinner()).unpin(serial);
    });
    using view = await lx.openPin(serial, 'view', 'pid');
    using own = await lx.openPin(serial, 'pid', 'pid');
    const first = processInfo(pids.view);
    if (first === undefined) throw endedEarly(cx.image.name);
    return {
      serial,
      image: cx.image.name,
      view: { type: 'pid', ino: view.ino, id: view.id },
      own: { type: 'pid', ino: own.ino, id: own.id },
      first: { pid: pids.view, start: first.start },
    };
  },

  set: async (made, cx) => {
    const lx = linuxOf(cx.substrate);
    const { max } = cx.before;
    if (made.serial === undefined || cx.values.max === max) return { notes: [] };
    await noteLimit(cx.stage, { max });
    cx.scope.defer(async () => {
      lx.pidsLimitBack(cx.image, 'proc', max);
      await noteLimit(cx.stage);
    });
    lx.pidsLimit(cx.image, 'proc', cx.values.max);
    return { notes: [] };
  },

  save: savedPairs,

  restore: async (saved, cx) => {
    const made = readSaved(cx.image, saved);
    if (made === undefined) throw lost('EBADMSG', cx.image.name, `what the registry keeps of the process table of "${cx.image.name}" is damaged`);
    await checkPins(linuxOf(cx.substrate), made);
    return made;
  },

  remove: async (made, cx) => {
    const { first, view, own } = made;
    if (cx.shared || first === undefined || view === undefined || own === undefined) return [];
    await endFirst(first, [`pid:[${view.ino}]`, `pid:[${own.ino}]`]);
    if ((await cx.stage.journalled('proc')).length > 0) await cx.stage.settle('proc', []);
    return [];
  },

  once: ({ values }) => (values.max === undefined ? {
    steps: [{ verb: 'new', args: [['type', 'pid']] }, procMount],
  } : undefined),

  entry: (made) => {
    const { serial, view, own } = made;
    if (serial === undefined || view === undefined || own === undefined) return [];
    const steps: EntryStep[] = [
      { ...joinStep(serial, 'pid', own), mode: 'live' },
      { ...joinStep(serial, 'view', view), mode: 'effective', ask: true },
      { ...procMount, mode: 'live' },
      { ...procMount, mode: 'effective', ask: true },
    ];
    return steps;
  },

  giveBack,
});

function outerOf(parent: Vproc): OuterPid | undefined {
  if (parent.serial === undefined || parent.own === undefined) return undefined;
  return { pin: `${parent.serial}/pid`, ino: parent.own.ino, id: parent.own.id };
}

function lost(code: 'EBADMSG' | 'ESRCH' | 'ESTALE', image: string, message: string): VimageError {
  return new VimageError(code, message, { subject: image, hint: `imgctl destroy ${image}, then create it again` });
}

/** ESTALE: a pin was unmounted, or is of another namespace. */
async function checkPins(lx: LinuxSubstrate, { serial, image, view, own }: Vproc): Promise<void> {
  if (serial === undefined || view === undefined || own === undefined) return;
  for (const [name, pinned] of [['view', view], ['pid', own]] as const) {
    try {
      using ns = await lx.openPin(serial, name, 'pid');
      if (ns.is(pinned)) continue;
    } catch (error) {
      if (!['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) throw error;
    }
    throw lost('ESTALE', image, `the process table of "${image}" is gone: its pin was unmounted, or never made`);
  }
}

function endedEarly(image: string, cause?: unknown): VimageError {
  return new VimageError('ESRCH', `pid 1 of "${image}" ended as soon as it was there`, { subject: image, hint: 'somebody killed it (the kernel does when memory runs out: see dmesg); try again', cause });
}

/** Makes the two namespaces. ESRCH: its pid 1 ended early, or the parent's has died, after which the kernel starts nothing in there. */
async function start(lx: LinuxSubstrate, image: ImageView, parent: Vproc): Promise<InitPids> {
  try {
    return await lx.initStart(image, outerOf(parent));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ECHILD' || code === 'EPIPE') throw endedEarly(image.name, error);
    if (parent.serial === undefined || code !== 'ENOMEM') throw error;
    throw lost('ESRCH', parent.image, `nothing can be started in "${parent.image}": its pid 1 has died`);
  }
}
