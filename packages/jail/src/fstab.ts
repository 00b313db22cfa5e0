import { VimageError, type, type ParamType } from '@vimage/core';

/** A file system of a jail, a line of fstab(5): what, where below the jail’s root, of which kind, with which options. */
export interface Mount {
  readonly kind: 'bind' | 'tmpfs';
  /** Of the host; of no meaning to a tmpfs. */
  readonly from: string;
  readonly to: string;
  readonly ro: boolean;
  /** Bytes; a tmpfs only. */
  readonly size: number | undefined;
}

const path = type.path();
const size = type.size();
const expected = 'a line of fstab(5): FROM TO nullfs|tmpfs OPTIONS';
const kinds: Readonly<Record<string, Mount['kind']>> = { nullfs: 'bind', bind: 'bind', none: 'bind', tmpfs: 'tmpfs' };

/** `TO` is where it is in the jail, without the jail’s own path. EINVAL, EOPNOTSUPP: of a kind that a jail on Linux has by other means, or not at all. */
export function mountType(): ParamType<Mount> {
  return {
    kind: 'fstab',
    expected,
    schema: { type: 'string' },
    parse(text) {
      const [from = '', to = '', fs = '', options = 'rw', ...rest] = text.trim().split(/\s+/);
      if (fs === '' || rest.some((word) => !/^\d+$/.test(word))) throw new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text)}`);
      const kind = Object.hasOwn(kinds, fs) ? kinds[fs] : undefined;
      if (kind === undefined) {
        throw new VimageError('EOPNOTSUPP', `a jail on Linux cannot be given a file system of kind ${JSON.stringify(fs)}`, { hint: 'nullfs and tmpfs are; devfs, fdescfs and procfs are parameters of their own' });
      }
      const words = options.split(',');
      const given = words.find((word) => word.startsWith('size='));
      return {
        kind, from: kind === 'bind' ? path.parse(unspace(from)) : fs, to: path.parse(unspace(to)), ro: words.includes('ro'), size: given === undefined ? undefined : size.parse(given.slice('size='.length)),
      };
    },
    print: (mount) => [space(mount.from), space(mount.to), mount.kind === 'bind' ? 'nullfs' : 'tmpfs', [mount.ro ? 'ro' : 'rw', ...(mount.size === undefined ? [] : [`size=${size.print(mount.size)}`])].join(',')].join(' '),
    is: (value): value is Mount => typeof value === 'object' && value !== null && 'kind' in value && 'to' in value,
  };
}

/** fstab(5): blanks in a name are written in octal. */
function unspace(word: string): string {
  return word.replace(/\\(040|011|134)/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}

function space(word: string): string {
  return word.replace(/[ \t\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
