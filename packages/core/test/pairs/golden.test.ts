import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { VimageError } from '../../src/errors.ts';
import { parseArgs } from '../../src/pairs/args.ts';
import { canonical } from '../../src/pairs/change.ts';
import { encodePairs } from '../../src/pairs/codec.ts';
import { parseImage } from '../../src/pairs/parse.ts';
import { imageParams } from '../../src/pairs/tables.ts';
import { paramInfo } from '../../src/param/info.ts';
import { parseText } from '../../src/file/parse.ts';
import { cases } from '../param/arbitrary.ts';
import { tables } from './fixture.ts';

/** The strings interface, as it was ever promised. Lines `input ⇒ output`; a refusal is `!CODE subject`. Lines are added, never changed. */
const folder = fileURLToPath(new URL('../golden/', import.meta.url));

const attempt = (run: () => string): string => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    return `!${error.code}${error.subject === undefined ? '' : ` ${error.subject}`}`;
  }
};
const words = (line: string): string[] => (line === '' ? [] : line.split(' '));
const joined = (pairs: readonly (readonly [string, string])[]): string => pairs.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ');

const readers: Readonly<Record<string, (input: string) => string>> = {
  'types.txt': (input) => {
    const [kind = '', ...rest] = input.split(' ');
    const each = cases[kind]?.type;
    return each === undefined ? 'no such type' : each.print(each.parse(rest.join(' ')));
  },
  'args.txt': (input) => joined(parseArgs(words(input))),
  'create.txt': (input) => joined(canonical(parseArgs(words(input)), tables)),
  'set.txt': (input) => (parseImage(parseArgs(words(input)), tables, { access: 'set' }), 'taken'),
  'encoded.txt': (input) => JSON.stringify(new TextDecoder().decode(encodePairs(parseArgs(words(input))))),
  'file.txt': (input) => JSON.stringify(parseText(input), (key, value: unknown) => (key === 'place' || key === 'places' ? undefined : value)),
  'image.txt': (input) => {
    const row = paramInfo('', imageParams).find(({ key }) => key === input);
    return row === undefined ? 'no such parameter' : `${row.type} ${row.access} ${row.multi ? 'many' : 'one'}`;
  },
};

describe.each(readdirSync(folder))('%s', (file) => {
  const lines = readFileSync(folder + file, 'utf8').split('\n').filter((line) => line !== '');
  const run = readers[file];

  test('holds what is', () => {
    expect(run).toBeDefined();
    expect(lines.length).toBeGreaterThan(0);
    const now = lines.map((line) => {
      const input = line.slice(0, line.lastIndexOf(' ⇒ '));
      return `${input} ⇒ ${attempt(() => run?.(input) ?? '')}`;
    });
    expect(now).toEqual(lines);
  });

  test('has lost no line that was ever committed', ({ skip }) => {
    let log: string;
    try {
      log = execFileSync('git', ['log', '-p', '--format=', '--no-ext-diff', '--', file], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
    } catch {
      return skip('no git history here');
    }
    const ever = log.split('\n').filter((line) => line.startsWith('-') && !line.startsWith('---')).map((line) => line.slice(1));
    expect(ever.filter((line) => line !== '' && !lines.includes(line))).toEqual([]);
  });
});
