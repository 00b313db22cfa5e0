import { VimageError, defineComponent, type Component, type CreateContext, type EntryStep, type OnceContext, type OnceSteps } from '@vimage/core';
import { Users, registryPlaces, usersOf, type RootOutside } from '@vimage/linux';
import { vfsParams, type VfsParams } from './params.ts';
import { machine } from './plan/look.ts';
import { canMake, fsPlan } from './plan/plan.ts';
import { checkValues, type RootAt } from './plan/wanted.ts';
import { hiddenDirs, keptOverlay, rootAgain, resolved, rootAt, wantedOf } from './prepare.ts';
import { removeStore, storesOf } from './store.ts';
import { heldSuid, inHome, machineFs, ownedBy, readSaved, savedPairs, type Vfs } from './vfs.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    fs: { readonly instance: Vfs; readonly params: VfsParams };
  }
}

/** The `fs` component: an image's own file system. */
export const vfs: Component<'fs'> = defineComponent<'fs'>({
  name: 'fs',
  interface: 1,
  describe: 'a file system of its own, in which only what was given is visible',
  // As long as an archive takes to unpack.
  patience: Infinity,
  requires: [],
  after: ['user'],
  params: vfsParams,

  root: () => machineFs,

  check: ({ values }) => { checkValues(values); },

  create: async (cx) => {
    checkParent(cx);
    const hidden = hiddenDirs(cx);
    const owners = await ownersOf(cx);
    const { root, unpacked } = await rootAt(cx, hidden);
    return { serial: cx.image.serial, image: cx.image.name, unpacked, ...(await stepsFor(cx, root, hidden, owners)) };
  },

  set: async (made, cx) => {
    checkParent(cx);
    const hidden = hiddenDirs(cx);
    const { steps, registry } = made;
    Object.assign(made, await stepsFor(cx, rootAgain(cx.values, made.unpacked, hidden), hidden, await ownersOf(cx)));
    cx.scope.defer(() => { Object.assign(made, { steps, registry }); });
    return { notes: ['programs that run keep the file system they have; those started from now on get the new one'] };
  },

  save: savedPairs,

  restore: (saved, cx) => ({ serial: cx.image.serial, image: cx.image.name, ...readSaved(saved) }),

  remove: async (_made, cx) => {
    if (cx.shared) return [];
    const notes = await cx.stage.journalled('fs');
    for (const dir of storesOf(notes)) removeStore(dir);
    if (notes.length > 0) await cx.stage.settle('fs', []);
    return [];
  },

  once: (cx) => onceFor(cx),

  entry: ({ steps, registry }, { home, held }) => inHome(heldSuid([...steps, ...registry.map(registryPlace)], held('suid')), home),

  giveBack: (entries, image) => storesOf(entries).filter(removeStore).map((dir) => `removed ${dir}, the root of "${image}"`),
});

/** What a child is given is looked up on the host: under a parent that does not see the host, that would be a way out. EOPNOTSUPP. */
function checkParent({ parent, values, image }: CreateContext<'fs'>): void {
  if (parent.serial === undefined) return;
  const asked = [
    ...(values.root === undefined || values.root.kind === 'empty' ? [] : ['root']),
    ...(['bind', 'ro'] as const).filter((key) => (values[key] ?? []).length > 0),
    ...(values.overlay === undefined ? [] : ['overlay']),
  ];
  const [first] = asked;
  if (first === undefined) return;
  throw new VimageError('EOPNOTSUPP', `fs.${first}: "${parent.image}" has a file system of its own, and "${image.name}" can be given nothing from outside of it`, {
    subject: first, hint: `leave "vir fs" out: the image has the file system of "${parent.image}" then; or root empty`,
  });
}

/** For one command: what is unpacked, kept or mapped for it would have to be there beforehand. */
function onceFor(cx: OnceContext<'fs'>): OnceSteps | undefined {
  const { values } = cx;
  const { kind } = values.root ?? { kind: 'empty' };
  if (kind === 'tar' || kind === 'oci' || values.idmap === true || (values.overlay !== undefined && values.overlay !== 'throw-away')) return undefined;
  const hidden = hiddenDirs(cx);
  const users = cx.peek('user');
  const steps = fsPlan(resolved(values, rootAgain(values, undefined, hidden), hidden), machine);
  // Nobody mounts a file there: those are of images that have names and addresses.
  const own = steps.filter(({ args }) => !args.some(([key, value]) => key === 'from' && !value.startsWith('/')));
  return { steps: heldSuid(ownedBy(own, users instanceof Users ? users.root : undefined), cx.held('suid')) };
}

/** Who has what is made, where the image has users of its own. */
interface Owners {
  /** Pin of the user namespace by which what is given is mapped. */
  readonly map: string | undefined;
  readonly root: RootOutside | undefined;
  /** Files of theirs that are mounted. */
  readonly places: readonly string[];
}

/** EINVAL: what is given is to be mapped, and there are no users to map to. */
async function ownersOf(cx: CreateContext<'fs'>): Promise<Owners> {
  const users = usersOf(await cx.peek('user'));
  if (cx.values.idmap !== true) return { map: undefined, root: users?.root, places: users?.places ?? [] };
  if (users?.serial === undefined) {
    throw new VimageError('EINVAL', 'idmap: the image has no users of its own to map to', { subject: 'idmap', hint: 'add "vir user", or leave it out' });
  }
  return { map: `${users.serial}/user`, root: users.root, places: users.places };
}

async function stepsFor(cx: CreateContext<'fs'>, root: RootAt, hidden: readonly string[], owners: Owners): Promise<Pick<Vfs, 'steps' | 'registry'>> {
  const overlay = keptOverlay(cx, hidden);
  const values = overlay === undefined ? cx.values : { ...cx.values, overlay };
  const wanted = { ...(await wantedOf(cx.stage, values, root, hidden, owners.map)), places: owners.places };
  return { steps: ownedBy(fsPlan(wanted, machine), owners.root), registry: owners.root === undefined ? [] : registryPlaces().filter((place) => canMake(wanted, machine, place)) };
}

/** Where root of the image’s own users finds its images, which another component puts there, or sees that it may have none. */
function registryPlace(to: string): EntryStep {
  return { verb: 'mount', args: [['fs', 'tmpfs'], ['to', to], ['flags', 'ro,nosuid,nodev,noexec'], ['data', 'mode=0755,size=4k'], ['make', 'dir']], ask: true };
}
