import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, rmdirSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { VimageError, codeOf, type Pairs, type Stage } from '@vimage/core';
import { removeTree } from '@vimage/linux';

/** Where roots are unpacked: on a disk, as the registry is in memory. */
export function storeDir(): string {
  if ((process.geteuid?.() ?? 0) === 0) return '/var/lib/vimage';
  const data = process.env['XDG_DATA_HOME'];
  return data?.startsWith('/') === true ? `${data}/vimage` : `${homedir()}/.local/share/vimage`;
}

/** A directory of the image's own that nobody else reaches: set-user-ID files in it are of no use to the host's users. EPERM, ENOSPC. */
export async function makeStore(stage: Stage, serial: bigint): Promise<string> {
  const store = storeDir();
  // Serials begin anew with every boot.
  const dir = `${store}/${serial}-${randomBytes(8).toString('hex')}`;
  await stage.journal('fs', [['act', 'unpack'], ['dir', dir]]);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  try {
    checkOwn(store, lstatSync(store));
    return dir;
  } catch (error) {
    removeStore(dir);
    throw error;
  }
}

function checkOwn(path: string, stat: Stats): void {
  if (stat.isDirectory() && stat.uid === process.geteuid?.() && (stat.mode & 0o077) === 0) return;
  throw new VimageError('EPERM', `${path} must be a directory of uid ${process.geteuid?.() ?? 0} that nobody else may enter (mode 0700)`, { subject: path, hint: `chmod 0700 ${path}, or remove it` });
}

/** The directories that notes of {@link makeStore} name; none that is not one of ours. */
export function storesOf(entries: readonly Pairs[]): readonly string[] {
  return entries.flatMap((entry) => {
    const values = new Map(entry);
    const dir = values.get('dir') ?? '';
    const name = dir.startsWith(`${storeDir()}/`) ? dir.slice(storeDir().length + 1) : '';
    return values.get('act') === 'unpack' && /^\d+-[0-9a-f]{16}$/.test(name) ? [dir] : [];
  });
}

/** Removes a directory of {@link makeStore}, and the last one's parent; true when it was there. Links in it are removed, not followed. */
export function removeStore(dir: string): boolean {
  try {
    lstatSync(dir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  removeTree(dir);
  try {
    rmdirSync(storeDir());
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
  }
  return true;
}
