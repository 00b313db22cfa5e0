import { VimageError } from '../errors.ts';
import { checkPlain, quote, unexpected, utf8Bytes, utf8Length } from './text.ts';
import type { ParamType } from './type.ts';

/** An absolute path without `..`, at most 4095 bytes; printed without doubled or trailing slashes. EINVAL, ENAMETOOLONG. */
export function pathType(): ParamType<string> {
  const expected = 'an absolute path without ".."';
  return {
    kind: 'path',
    expected,
    schema: { type: 'string', pattern: '^/', maxLength: 4095 },
    source: 'path',
    parse(text) {
      checkPlain(text, expected);
      if (!text.startsWith('/')) throw unexpected(expected, text, 'begin the path with a slash');
      if (utf8Length(text) > 4095) throw new VimageError('ENAMETOOLONG', `expected ${expected} of at most 4095 bytes`);
      const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.');
      if (segments.includes('..')) throw unexpected(expected, text, 'write the path that is meant, without ".."');
      return `/${segments.join('/')}`;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}

/** A Linux interface name, as dev_valid_name() has it, and not a sysctl directory of that name. EINVAL, ENAMETOOLONG. */
export function ifnameType(): ParamType<string> {
  const expected = 'an interface name of 1 to 15 bytes without "/", ":", "%" or space';
  return {
    kind: 'ifname',
    expected,
    schema: { type: 'string', minLength: 1, maxLength: 15, pattern: '^[^/:% ]+$' },
    source: 'interface',
    parse(text) {
      checkPlain(text, expected);
      const bytes = utf8Bytes(text);
      if (bytes.length > 15) throw new VimageError('ENAMETOOLONG', `expected ${expected}, not ${quote(text)} (${bytes.length} bytes)`);
      // The kernel's isspace() works on Latin-1, where byte 0xa0 is a space.
      if (text === '' || text === '.' || text === '..' || /[/:%\s]/.test(text) || bytes.includes(0xa0)) throw unexpected(expected, text);
      if (text === 'all' || text === 'default') throw unexpected(expected, text, `"${text}" stands for every interface in sysctl and cannot be a name`);
      return text;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}

const segment = '[A-Za-z0-9_][A-Za-z0-9_-]{0,62}';
const segmentPattern = new RegExp(`^${segment}$`);

/** An image's name, dotted and relative to the caller's image, at most 255 bytes. EINVAL, ENAMETOOLONG. */
export function imageType(): ParamType<string> {
  const expected = 'an image name: parts of letters, digits, "_" and "-", separated by dots';
  return {
    kind: 'image',
    expected,
    schema: { type: 'string', pattern: `^${segment}(\\.${segment})*$`, maxLength: 255 },
    source: 'image',
    parse(text) {
      checkPlain(text, expected);
      if (text.length > 255) throw new VimageError('ENAMETOOLONG', `expected ${expected}, of at most 255 bytes in all, not ${text.length}`);
      for (const part of text.split('.')) {
        if (part.length > 63) throw new VimageError('ENAMETOOLONG', `expected ${expected}, each of at most 63 bytes, not ${quote(part)} (${part.length} bytes)`);
        if (!segmentPattern.test(part)) throw unexpected(expected, text);
      }
      return text;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}
