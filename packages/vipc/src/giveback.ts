import { VimageError, type Pairs, type Stage, type Substrate } from '@vimage/core';
import { linuxOf } from '@vimage/linux';
import { sysctlKeyType, type Sysctls } from './sysctl.ts';
import { openPinned, writeSysctls } from './vipc.ts';

const keyType = sysctlKeyType();

/** What a change notes before it sets otherwise: what there was; nothing where that was taken back. */
export async function noteBefore(stage: Stage, before?: Sysctls): Promise<void> {
  await stage.settle('ipc', before === undefined ? [] : [[...before]]);
}

/** Makes the limits those that a change found which was not finished. */
export async function giveBack(entries: readonly Pairs[], name: string, serial: bigint, substrate: Substrate): Promise<readonly string[]> {
  const before: Sysctls = new Map(entries.flat().map(([key, value]) => [keyType.parse(key), value]));
  if (before.size === 0) return [];
  try {
    using ns = await openPinned(linuxOf(substrate), { serial, name });
    writeSysctls({ ns }, before);
  } catch (error) {
    // With the namespace its limits are gone.
    if (error instanceof VimageError && error.code === 'ESTALE') return [];
    throw error;
  }
  return [`"${name}" has the IPC limits that it had before an unfinished change`];
}
