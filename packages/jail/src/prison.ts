import { VimageError, type ImageView, type Pairs } from '@vimage/core';
import type { Namespace } from '@vimage/linux';
import type { JailValues } from './params.ts';

/** What stands in the slot of `jail`: FreeBSD's prison. */
export interface Prison {
  /** Serial of the image that made it; undefined: nobody is in a jail. */
  readonly serial: bigint | undefined;
  readonly image: string;
  /** Its uts namespace, open; undefined: the names are those of whoever is around. */
  readonly uts: Namespace | undefined;
  /** What holds: its own, or that of a jail around it where that is higher. */
  securelevel: number;
}

/** Nobody's: the machine itself. */
export const prison0: Prison = { serial: undefined, image: 'img0', uts: undefined, securelevel: -1 };

/** The host and domain name that are asked for; undefined: those around. */
export function namesOf(values: JailValues): { readonly host: string; readonly domain: string } | undefined {
  const { 'host.hostname': host, 'host.domainname': domain } = values;
  return host === undefined && domain === undefined ? undefined : { host: host ?? '', domain: domain ?? '' };
}

export function savedPairs({ uts, securelevel }: Prison): Pairs {
  return [['uts', String(uts?.ino ?? '')], ['securelevel', String(securelevel)]];
}

/** Reads what {@link savedPairs} wrote; `uts`: the inode. EBADMSG: it is damaged. */
export function readSaved({ name }: Pick<ImageView, 'name'>, saved: Pairs): { readonly uts: bigint | undefined; readonly securelevel: number } {
  const values = new Map(saved);
  const [uts = '-', level = ''] = [values.get('uts'), values.get('securelevel')];
  if (/^\d{0,20}$/.test(uts) && /^(-1|[0-3])$/.test(level)) return { uts: uts === '' ? undefined : BigInt(uts), securelevel: Number(level) };
  throw new VimageError('EBADMSG', `what the registry keeps of the jail "${name}" is damaged`, { subject: name, hint: `imgctl destroy ${name}, then create it again` });
}
