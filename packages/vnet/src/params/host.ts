import { VimageError, type ParamType } from '@vimage/core';
import { refuse } from './refuse.ts';

/** A host or domain name, as a file and not as a question: nothing is resolved. EINVAL, ENAMETOOLONG. */
export function hostType(): ParamType<string> {
  const expected = 'a host or domain name';
  return {
    kind: 'host',
    expected,
    schema: { type: 'string', format: 'hostname' },
    parse(text) {
      const name = text.endsWith('.') ? text.slice(0, -1) : text;
      if (name.length > 253) throw new VimageError('ENAMETOOLONG', `expected ${expected} of at most 253 bytes`);
      if (!name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))) throw refuse(expected, text);
      return name;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}
