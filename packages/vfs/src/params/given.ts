import { VimageError, type, type ParamType } from '@vimage/core';

/** A file or directory of the host, and where it is in the image. */
export interface Given {
  readonly to: string;
  readonly from: string;
}

/** `TO=FROM`, or a path that is the same in both. EINVAL, ENAMETOOLONG. */
export function givenType(): ParamType<Given> {
  const path = type.path();
  const expected = 'PATH, or PATH-IN-THE-IMAGE=PATH-ON-THE-HOST';
  return {
    kind: 'path[=path]',
    expected,
    schema: { type: 'string', pattern: '^/' },
    source: 'path',
    parse(text) {
      const at = text.indexOf('=');
      const to = below(path.parse(at < 0 ? text : text.slice(0, at)));
      return { to, from: at < 0 ? to : path.parse(text.slice(at + 1)) };
    },
    print: ({ to, from }) => (to === from && !to.includes('=') ? to : `${to}=${from}`),
    is: (value): value is Given => typeof value === 'object' && value !== null && 'to' in value && 'from' in value,
  };
}

/** A file system in memory. */
export interface Tmpfs {
  readonly to: string;
  /** Bytes. */
  readonly size?: number;
}

/** `PATH` or `PATH=SIZE`. EINVAL, ERANGE, ENAMETOOLONG. */
export function tmpfsType(): ParamType<Tmpfs> {
  const path = type.path();
  const size = type.size({ min: 4096 });
  return {
    kind: 'path[=size]',
    expected: 'PATH or PATH=SIZE, as /tmp=64m',
    schema: { type: 'string', pattern: '^/' },
    source: 'path',
    parse(text) {
      const at = text.lastIndexOf('=');
      return at < 0 ? { to: path.parse(text) } : { to: path.parse(text.slice(0, at)), size: size.parse(text.slice(at + 1)) };
    },
    print: ({ to, size: bytes }) => (bytes === undefined ? to : `${to}=${size.print(bytes)}`),
    is: (value): value is Tmpfs => typeof value === 'object' && value !== null && 'to' in value && !('from' in value),
  };
}

/** A path in the image, other than its root. EINVAL. */
export function placeType(): ParamType<string> {
  const path = type.path();
  return { ...path, parse: (text) => below(path.parse(text)) };
}

function below(path: string): string {
  if (path !== '/') return path;
  throw new VimageError('EINVAL', '"/" is what root is for', { hint: 'root host, root /DIRECTORY' });
}
