import { codeOf, type Pairs, type Stage, type Substrate } from '@vimage/core';
import { linuxOf } from '@vimage/linux';

/** The host and domain name of a jail. */
export interface Names {
  readonly host: string;
  readonly domain: string;
}

/** Notes the names before a change, in place of the last one's note; or nothing, once that is undone. */
export async function noteNames(stage: Stage, before?: Names): Promise<void> {
  await stage.settle('jail', before === undefined ? [] : [[['act', 'names'], ['host', before.host], ['domain', before.domain]]]);
}

/** Gives a jail the names back that it had before a change which was not finished. */
export async function giveBack(entries: readonly Pairs[], name: string, serial: bigint, substrate: Substrate): Promise<readonly string[]> {
  const lx = linuxOf(substrate);
  const lines: string[] = [];
  for (const entry of entries) {
    const values = new Map(entry);
    if (values.get('act') !== 'names') continue;
    try {
      using uts = await lx.openPin(serial, 'uts', 'uts');
      lx.hostname(values.get('host') ?? '', values.get('domain') ?? '', uts).close();
      lines.push(`"${name}" is called as before an unfinished change`);
    } catch (error) {
      // Its pin is gone, and the name with it.
      if (!['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) throw error;
    }
  }
  return lines;
}
