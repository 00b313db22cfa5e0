import { codeOf, type Pairs, type Substrate } from '@vimage/core';
import { Pidfd, linuxOf, processInfo, standingIn, type LinuxSubstrate } from '@vimage/linux';
import { isFirst, limitOf } from './journal.ts';

/** Gives back what a dead process noted for image `serial`. Its pins still stand if they ever did. */
export async function giveBack(entries: readonly Pairs[], name: string, serial: bigint, substrate: Substrate): Promise<readonly string[]> {
  const lx = linuxOf(substrate);
  const lines: string[] = [];
  const [before] = entries.flatMap(limitOf);
  if (before !== undefined) {
    lx.pidsLimitBack({ name, serial }, 'proc', before.max);
    lines.push(`"${name}" may have ${before.max ?? 'any number of'} processes, as before an unfinished change`);
  }
  if (entries.some(isFirst) && (await endByPin(lx, serial))) lines.push(`ended pid 1 of "${name}"`);
  return lines;
}

/** Ends pid 1 of the view that is pinned; what was not pinned yet has ended by itself. */
async function endByPin(lx: LinuxSubstrate, serial: bigint): Promise<boolean> {
  const namespace = await pinnedView(lx, serial);
  if (namespace === undefined) return false;
  for (const pid of standingIn(new Set([namespace])).living) {
    using process = Pidfd.open(pid);
    if (process === undefined || processInfo(pid)?.inner.at(-1) !== 1 || !standingIn(new Set([namespace])).living.includes(pid)) continue;
    return process.signal(9);
  }
  return false;
}

/** The view of an image, as `pid:[INODE]`, by its pin; undefined where there is none. */
export async function pinnedView(lx: LinuxSubstrate, serial: bigint): Promise<string | undefined> {
  try {
    using view = await lx.openPin(serial, 'view', 'pid');
    return `pid:[${view.ino}]`;
  } catch (error) {
    if (['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
