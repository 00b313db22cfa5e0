import { VimageError } from '../errors.ts';

/** Longest segment and longest whole name, in bytes. */
export const segmentMax = 63;
export const nameMax = 255;

const expected = `expected 1 to ${segmentMax} of A-Z a-z 0-9 _ -, not beginning with -`;

/** Checks one segment of a name: EINVAL, ENAMETOOLONG. */
export function checkSegment(segment: string): string {
  if (segment.length > segmentMax) throw tooLong(segment, `a segment has at most ${segmentMax} bytes, this has ${segment.length}`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(segment)) {
    throw new VimageError('EINVAL', `${shown(segment)} is no image name: ${expected}`, { subject: segment });
  }
  if (segment === 'img0') throw new VimageError('EINVAL', '"img0" is the root image: expected another name', { subject: segment });
  return segment;
}

/** The segments of a dotted name; `.` has none, it is where one stands (kern_vimage.c, vimage_by_name). */
export function splitName(dotted: string): readonly string[] {
  if (dotted === '.') return [];
  checkLength(dotted);
  return dotted.split('.').map(checkSegment);
}

/** Checks a whole dotted name, as seen from img0: ENAMETOOLONG. */
export function checkLength(dotted: string): string {
  if (dotted.length > nameMax) throw tooLong(dotted, `a whole name has at most ${nameMax} bytes, this has ${dotted.length}`);
  return dotted;
}

/** A name in quotes, safe for a terminal and cut to a line. */
export function shown(name: string): string {
  return JSON.stringify(name.length > segmentMax ? `${name.slice(0, 40)}...` : name);
}

function tooLong(name: string, why: string): VimageError {
  return new VimageError('ENAMETOOLONG', `${shown(name)} is too long: ${why}`, { subject: name, hint: 'choose shorter names, or nest less deep' });
}
