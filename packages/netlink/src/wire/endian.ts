/** Netlink speaks the byte order of the host. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Rounds up to the 4 bytes that messages and attributes are aligned to. */
export function align4(length: number): number {
  return (length + 3) & ~3;
}
