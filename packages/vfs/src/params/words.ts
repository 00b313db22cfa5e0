import { VimageError, type, type ParamType } from '@vimage/core';
import { compile } from '../plan/pattern.ts';

const maskPattern = /^0?[0-7]{1,3}$/;

/** A file mode creation mask in octal. EINVAL. */
export function umaskType(): ParamType<number> {
  const expected = 'an octal mask from 000 to 777';
  return {
    kind: 'umask',
    expected,
    schema: { type: 'string', pattern: maskPattern.source },
    parse(text) {
      if (!maskPattern.test(text)) throw new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text)}`, { hint: 'write 027' });
      return parseInt(text, 8);
    },
    print: (value) => value.toString(8).padStart(3, '0'),
    is: (value) => typeof value === 'number',
  };
}

/** Where what is written over a root goes: nowhere, or into a directory that is kept. */
export function overlayType(): ParamType<string> {
  const path = type.path();
  const expected = '"throw-away", or an absolute directory that keeps what is written';
  return {
    ...path,
    kind: 'overlay',
    expected,
    candidates: ['throw-away'],
    schema: { type: 'string', pattern: '^(throw-away|/.*)$' },
    parse(text) {
      if (text === 'throw-away') return text;
      if (!text.startsWith('/')) throw new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text)}`);
      return path.parse(text);
    },
  };
}

/** An absolute path in which `*`, `?` and `[...]` stand for parts of a name, and `**` for any directories. EINVAL, ENAMETOOLONG. */
export function patternType(): ParamType<string> {
  const path = type.path();
  return {
    ...path,
    kind: 'pattern',
    expected: 'an absolute path, with *, ?, [...] within a name and ** for any directories',
    parse(text) {
      const pattern = path.parse(text);
      const wrong = (why: string): VimageError => new VimageError('EINVAL', `${JSON.stringify(text)} is no pattern: ${why}`, { hint: 'as /srv/**/*.pem' });
      if (pattern === '/') throw wrong('it denies everything');
      if (pattern.length > 1024) throw new VimageError('ENAMETOOLONG', 'a pattern has at most 1024 characters');
      for (const name of pattern.slice(1).split('/')) {
        if (name !== '**' && name.includes('**')) throw wrong('** stands alone between slashes');
        if (/\[(?:[^\]]*$|[!^]?\])/.test(name)) throw wrong('"[" without what belongs to it');
      }
      try {
        compile(pattern);
      } catch {
        throw wrong('a set in [...] is no set, as [z-a]');
      }
      return pattern;
    },
  };
}
