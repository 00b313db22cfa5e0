import { lstatSync, mkdirSync, realpathSync, rmdirSync, statSync } from 'node:fs';
import { VimageError, codeOf, type CreateContext, type Stage } from '@vimage/core';
import { linuxOf } from '@vimage/linux';
import type { Given } from './params/given.ts';
import type { VfsValues } from './params.ts';
import { isIn } from './plan/path.ts';
import type { RootAt, Wanted } from './plan/wanted.ts';
import { makeStore, removeStore, storeDir } from './store.ts';
import { unpack } from './unpack/unpack.ts';

/** A path of the host without links: resolved here, and never again. ENOENT, EPERM. */
function real(path: string, hidden: readonly string[]): string {
  let found: string;
  try {
    found = realpathSync.native(path);
    statSync(found);
  } catch (error) {
    throw new VimageError(codeOf(error) ?? 'EIO', `${path} of the host cannot be given: ${codeOf(error) ?? 'EIO'}`, { subject: path, cause: error, hint: 'it has to be there when the image is made' });
  }
  if (hidden.some((dir) => isIn(found, dir))) throw new VimageError('EPERM', `${path} is vimage’s own and cannot be given to an image`, { subject: path });
  return found;
}

/** Directories of ours on the host. */
export function hiddenDirs(cx: Pick<CreateContext<'fs'>, 'substrate'>): readonly string[] {
  return [linuxOf(cx.substrate).layout.root, storeDir()].map((dir) => {
    try {
      return realpathSync.native(dir);
    } catch {
      return dir;
    }
  });
}

/** Finds, or makes, what the root is. Undone on cx.scope. */
export async function rootAt(cx: CreateContext<'fs'>, hidden: readonly string[]): Promise<{ readonly root: RootAt; readonly unpacked?: string }> {
  const root = cx.values.root ?? { kind: 'empty' };
  switch (root.kind) {
    case 'empty': return { root: { kind: 'empty' } };
    case 'host': return { root: { kind: 'host', from: '/', ro: true } };
    case 'dir': {
      const from = real(root.path, hidden);
      if (!lstatSync(from).isDirectory()) throw new VimageError('ENOTDIR', `root: ${root.path} is no directory`, { subject: root.path, hint: 'for an archive: root tar:FILE' });
      return { root: { kind: 'host', from, ro: false } };
    }
    default: {
      const dir = await makeStore(cx.stage, cx.image.serial);
      cx.scope.defer(() => { removeStore(dir); });
      const from = `${dir}/rootfs`;
      mkdirSync(from, { mode: 0o755 });
      await unpack(root, from);
      return { root: { kind: 'unpacked', from }, unpacked: dir };
    }
  }
}

/** The root of an image that was made before. */
export function rootAgain(values: VfsValues, unpacked: string | undefined, hidden: readonly string[]): RootAt {
  if (unpacked !== undefined) return { kind: 'unpacked', from: `${unpacked}/rootfs` };
  const root = values.root ?? { kind: 'empty' };
  if (root.kind === 'dir') return { kind: 'host', from: real(root.path, hidden), ro: false };
  return root.kind === 'host' ? { kind: 'host', from: '/', ro: true } : { kind: 'empty' };
}

/** The two directories of a kept overlay, made where they are missing. */
export function keptOverlay(cx: CreateContext<'fs'>, hidden: readonly string[]): string | undefined {
  const { overlay } = cx.values;
  if (overlay === undefined || overlay === 'throw-away') return overlay;
  const dir = real(overlay, hidden);
  for (const [name, mode] of [['upper', 0o755], ['work', 0o700]] as const) {
    try {
      mkdirSync(`${dir}/${name}`, { mode });
      cx.scope.defer(() => rmdirSync(`${dir}/${name}`));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (!lstatSync(`${dir}/${name}`).isDirectory()) throw new VimageError('ENOTDIR', `overlay: ${dir}/${name} is no directory`, { subject: overlay });
    }
  }
  return dir;
}

/** All that a plan is made of. */
export async function wantedOf(stage: Stage, values: VfsValues, root: RootAt, hidden: readonly string[], map: string | undefined): Promise<Wanted> {
  await stage.file('fs', 'empty', '');
  return { ...resolved(values, root, hidden), ...(map === undefined ? {} : { map }) };
}

/** The same, without a file of the image's own, with every path of the host as it is now. ENOENT, EPERM. */
export function resolved(values: VfsValues, root: RootAt, hidden: readonly string[]): Wanted {
  const given = (list: readonly Given[] | undefined): readonly Given[] => (list ?? []).map(({ to, from }) => ({ to, from: real(from, hidden) }));
  return { values: { ...values, bind: given(values.bind), ro: given(values.ro) }, root, emptyFile: 'fs/empty', hidden };
}
