import { Scope, VimageError, type Pairs, type Stage } from '@vimage/core';
import { identityPairs } from '@vimage/linux';
import { apply } from './change/apply.ts';
import type { Stack } from './stack.ts';
import { omit } from './omit.ts';
import { valueOf } from './move/journal.ts';
import { Vnet } from './vnet.ts';
import { parseValues, printValues } from './wanted/text.ts';
import { wanted, type VnetValues } from './wanted/wanted.ts';

/** Notes a change before it begins, in place of the last one's note: whoever finds it unpublished can take it back. */
export async function noteChange(stage: Stage, own: Vnet, parent: Vnet, before: VnetValues, after: VnetValues): Promise<void> {
  const entry: Pairs = [
    ['act', 'set'],
    ['parent', parent.serial === undefined ? 'root' : String(parent.serial)],
    ...identityPairs(parent.stack.ns),
    ['before', printValues(asItIs(own.stack, before, after))],
    ['after', printValues(after)],
  ];
  const others = (await stage.journalled('net')).filter((other) => !isChange(other));
  await stage.settle('net', [...others, entry]);
}

/** The values before, with what was never said but will be: as the kernel has it now. */
function asItIs(own: Stack, before: VnetValues, after: VnetValues): VnetValues {
  const unsaid = <T extends { readonly key: string }>(was: readonly T[] = [], is: readonly T[] = []): readonly string[] =>
    is.map(({ key }) => key).filter((key) => !was.some((item) => item.key === key));
  const sysctl = unsaid(before.sysctl, after.sysctl).flatMap((key) => {
    const value = own.sysctl(key);
    return value === undefined ? [] : [{ key, value }];
  });
  const mtu = unsaid(before.mtu, after.mtu).flatMap((key) => {
    const link = own.nl.linkFind(key);
    return link === undefined ? [] : [{ key, value: link.mtu }];
  });
  const stays = new Set(wanted(after).links.map((link) => JSON.stringify(link)));
  const leaving = wanted(before).links.filter((link) => !stays.has(JSON.stringify(link)));
  const made = leaving.filter(({ kind, name }) => kind !== 'move' && before.mac?.some(({ key }) => key === name) !== true).map(({ name }) => name);
  const mac = [...new Set([...unsaid(before.mac, after.mac), ...made])].flatMap((key) => {
    const address = own.nl.linkFind(key)?.address;
    return address === undefined ? [] : [{ key, value: address }];
  });
  return { ...before, sysctl: [...(before.sysctl ?? []), ...sysctl], mtu: [...(before.mtu ?? []), ...mtu], mac: [...(before.mac ?? []), ...mac] };
}

/** Whether a journal entry is of a change. */
export function isChange(entry: Pairs): boolean {
  return valueOf(entry, 'act') === 'set';
}

/**
 * Takes back a change that was cut off anywhere: makes the stack be as it was before, whatever of that is so already. Interfaces that
 * were moved have notes of their own.
 */
export async function takeBackChange(entry: Pairs, own: Vnet, parent: Vnet, image: string, serial: bigint): Promise<readonly string[]> {
  const before = omit(parseValues(valueOf(entry, 'before') ?? ''), 'if');
  const after = omit(parseValues(valueOf(entry, 'after') ?? ''), 'if');
  const scope = new Scope();
  const peer = (name: string): never => {
    throw new VimageError('ESRCH', `the cable to "${name}" could not be laid again`, { subject: name, hint: 'set the image again' });
  };
  const notes = await apply(own, after, before, { image: { name: image, serial, persist: true }, parent, stage: noStage, scope, fresh: false, tolerant: true, peer });
  scope.move();
  return ['the stack is as it was before an unfinished change', ...notes];
}

/** The journal is being read: nothing is noted in it meanwhile. */
const noStage: Stage = {
  home: '/',
  journal: () => undefined,
  journalled: () => [],
  settle: () => undefined,
  file: () => '/',
  publish: () => undefined,
  abort: () => undefined,
  release: () => undefined,
};
