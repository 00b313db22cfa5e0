import { codeOf, type Pairs, type Substrate } from '@vimage/core';
import { linuxOf, openSelf } from '@vimage/linux';
import { isForward, stopForwarding } from './forward/forward.ts';
import { give } from './move/give.ts';
import { initStack } from './move/init.ts';
import { valueOf } from './move/journal.ts';
import { isMove, moveOf } from './move/take.ts';
import { isNetns, netnsPath, removeNetns } from './netns.ts';
import { endNoted, isUplink } from './uplink/uplink.ts';
import { isChange, takeBackChange } from './unfinished.ts';
import { Vnet, checkIdentity } from './vnet.ts';

/** Gives back what a dead process noted for image `serial`, newest first. The pins still stand if they ever did. */
export async function giveBack(entries: readonly Pairs[], image: string, serial: bigint, substrate: Substrate): Promise<readonly string[]> {
  const lines: string[] = [];
  const own = await ownStack(substrate, serial);
  try {
    for (const entry of entries.toReversed()) {
      if (isNetns(entry)) {
        if (removeNetns(image, valueOf(entry, 'ino') ?? '')) lines.push(`${netnsPath(image)}: removed`);
        continue;
      }
      if (isUplink(entry)) {
        lines.push(...(await endNoted(entry)));
        continue;
      }
      const parent = await parentStack(substrate, entry, image);
      if (parent === undefined) {
        lines.push(...orphaned(entry, own));
        continue;
      }
      try {
        if (isChange(entry) && own !== undefined) lines.push(...(await takeBackChange(entry, own, parent, image, serial)));
        else if (isMove(entry)) lines.push(...give(moveOf(entry), { own: own?.stack, parent: parent.stack, init: initStack() }));
        else if (isForward(entry)) lines.push(...stopForwarding(parent.stack, serial));
      } finally {
        parent.close();
      }
    }
  } finally {
    own?.close();
  }
  return lines;
}

/** The parent's stack has died: nothing is owed there any more, but hardware goes to the machine's first. */
function orphaned(entry: Pairs, own: Vnet | undefined): readonly string[] {
  const init = initStack();
  return isMove(entry) && init !== undefined ? give(moveOf(entry), { own: own?.stack, parent: init, init }) : [];
}

async function ownStack(substrate: Substrate, serial: bigint): Promise<Vnet | undefined> {
  try {
    return new Vnet('own', await linuxOf(substrate).openPin(serial, 'net', 'net'), { serial });
  } catch (error) {
    if (['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** The stack from which the entry's things came; undefined when it is not there any more. */
async function parentStack(substrate: Substrate, entry: Pairs, image: string): Promise<Vnet | undefined> {
  const whose = valueOf(entry, 'parent') ?? 'root';
  try {
    const ns = whose === 'root' ? openSelf('net') : await linuxOf(substrate).openPin(BigInt(whose), 'net', 'net');
    try {
      checkIdentity(ns, entry, image);
    } catch (error) {
      ns.close();
      throw error;
    }
    return whose === 'root' ? new Vnet('root', ns) : new Vnet('own', ns, { serial: BigInt(whose) });
  } catch (error) {
    if (['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
