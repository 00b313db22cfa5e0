import { checkAltname, checkIndex } from './names.ts';
import type { LinkRef } from './names.ts';
import { IFNAME_MAX, IFLA_ALT_IFNAME, IFLA_IFNAME } from './abi/link.ts';
import type { Writer } from './wire/writer.ts';

/** Finds the index of an interface; a name that is not there is `ENODEV`. */
export interface Resolver {
  index(link: LinkRef): number;
}

/** The text of a reference, for error messages. */
export function refText(link: LinkRef): string {
  return typeof link === 'number' ? `#${link}` : link.slice(0, 128);
}

/** struct ifinfomsg for an interface, which the kernel itself finds where a name is given. */
export function writeIfinfo(w: Writer, link: LinkRef | undefined, flags = 0, change = 0): void {
  const index = typeof link === 'number' ? checkIndex(link) : 0;
  w.u8(0).u8(0).u16(0).i32(index).u32(flags).u32(change);
}

/** The attribute that names an interface in a request, if it is not given by index. */
export function writeRef(w: Writer, link: LinkRef): void {
  if (typeof link === 'number') return;
  checkAltname(link);
  w.attrString(new TextEncoder().encode(link).length > IFNAME_MAX ? IFLA_ALT_IFNAME : IFLA_IFNAME, link);
}
