/** What the registry of those who live in an image may take. */
export interface Room {
  readonly bytes: number;
  readonly inodes: number;
}

/** Of one image. It takes some 10 files and 30 KiB; many such, as what is made in it with no registry of its own is in this one, too. */
const each: Room = { bytes: 1 << 19, inodes: 512 };
/** A plan of the largest size, old and new. */
const first: Room = { bytes: 4 << 20, inodes: 1024 };

/** Enough for as many images as `children.max` says. */
export function roomFor(childrenMax: number): Room {
  return { bytes: first.bytes + each.bytes * childrenMax, inodes: first.inodes + each.inodes * childrenMax };
}
