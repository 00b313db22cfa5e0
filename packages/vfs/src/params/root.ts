import { VimageError, type, type ParamType } from '@vimage/core';

/** What the image has as its root. */
export type Root =
  | { readonly kind: 'empty' }
  | { readonly kind: 'host' }
  | { readonly kind: 'dir'; readonly path: string }
  | { readonly kind: 'tar'; readonly path: string }
  | { readonly kind: 'oci'; readonly path: string; readonly tag?: string };

const expected = '"empty", "host", an absolute directory, "tar:FILE" or "oci:DIRECTORY[:TAG]"';
const tagPattern = /^(.*[^/]):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/;

function wrong(text: string, cause?: unknown): VimageError {
  return new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text)}`, { cause, hint: 'paths begin with a slash: tar:/srv/rootfs.tar.gz' });
}

/** The value of `root`. EINVAL, ENAMETOOLONG. */
export function rootType(): ParamType<Root> {
  const path = type.path();
  return {
    kind: 'root',
    expected,
    schema: { type: 'string', pattern: '^(empty|host|/.*|tar:/.*|oci:/.*)$' },
    candidates: ['empty', 'host'],
    source: 'path',
    parse(text) {
      if (text === 'empty' || text === 'host') return { kind: text };
      const [, kind, rest = text] = /^(tar|oci):(.*)$/s.exec(text) ?? [];
      if (!rest.startsWith('/')) throw wrong(text);
      if (kind === 'tar') return { kind, path: path.parse(rest) };
      if (kind === 'oci') {
        const [, dir = rest, tag] = tagPattern.exec(rest) ?? [];
        return { kind, path: path.parse(dir), ...(tag === undefined ? {} : { tag }) };
      }
      const parsed = path.parse(rest);
      return parsed === '/' ? { kind: 'host' } : { kind: 'dir', path: parsed };
    },
    print(root) {
      switch (root.kind) {
        case 'dir': return root.path;
        case 'tar': return `tar:${root.path}`;
        case 'oci': return `oci:${root.path}${root.tag === undefined ? '' : `:${root.tag}`}`;
        default: return root.kind;
      }
    },
    is: (value): value is Root => typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string',
  };
}
