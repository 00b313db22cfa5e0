import { VimageError, defineComponent, type Component, type CreateContext } from '@vimage/core';
import { linuxOf, usersOf } from '@vimage/linux';
import { vfsParams, type VfsParams } from './params.ts';
import { machine } from './plan/look.ts';
import { fsPlan } from './plan/plan.ts';
import { checkValues } from './plan/wanted.ts';
import { hiddenDirs, keptOverlay, rootAgain, rootAt, wantedOf } from './prepare.ts';
import { removeStore, storesOf } from './store.ts';
import { inHome, machineFs, nosuid, ownedBy, readSaved, savedPairs, type Vfs } from './vfs.ts';

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
  requires: [],
  after: ['user'],
  params: vfsParams,

  root: () => machineFs,

  check: ({ values }) => { checkValues(values); },

  create: async (cx) => {
    checkParent(cx);
    // The view is pinned by the first who enters: the place for that has to be there.
    await linuxOf(cx.substrate).pinner();
    const hidden = hiddenDirs(cx);
    const map = await mapOf(cx);
    const { root, unpacked } = await rootAt(cx, hidden);
    const overlay = keptOverlay(cx, hidden);
    const values = overlay === undefined ? cx.values : { ...cx.values, overlay };
    const wanted = await wantedOf(cx.stage, values, root, hidden, map);
    return { serial: cx.image.serial, image: cx.image.name, unpacked, steps: ownedBy(fsPlan(wanted, machine), usersOf(await cx.peek('user'))?.root) };
  },

  set: async (made, cx) => {
    checkParent(cx);
    const hidden = hiddenDirs(cx);
    const overlay = keptOverlay(cx, hidden);
    const values = overlay === undefined ? cx.values : { ...cx.values, overlay };
    const wanted = await wantedOf(cx.stage, values, rootAgain(values, made.unpacked, hidden), hidden, await mapOf(cx));
    const { steps } = made;
    made.steps = ownedBy(fsPlan(wanted, machine), usersOf(await cx.peek('user'))?.root);
    cx.scope.defer(() => { made.steps = steps; });
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

  entry: ({ steps }, { home, held }) => {
    const suid = held('suid');
    return inHome(suid?.order === 'and' && !suid.value ? steps.map(nosuid) : steps, home);
  },

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

/** Pin of the user namespace by which what is given is mapped. EINVAL. */
async function mapOf(cx: CreateContext<'fs'>): Promise<string | undefined> {
  if (cx.values.idmap !== true) return undefined;
  const user = await cx.peek('user');
  if (user === undefined || !('serial' in user) || typeof user.serial !== 'bigint') {
    throw new VimageError('EINVAL', 'idmap: the image has no users of its own to map to', { subject: 'idmap', hint: 'add "vir user", or leave it out' });
  }
  return `${user.serial}/user`;
}
