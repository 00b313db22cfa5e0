import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { switchTable, switches } from '../src/data/switches.ts';

/** How the page shows a switch: its key, what holds by default, its capabilities and system calls, what it is for. */
function row(key: (typeof switches)[number]): string {
  const { on, caps = [], needs = [], calls = '', describe } = switchTable[key];
  const list = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(' ');
  return `| \`${key}\` | ${on} | ${list([...caps, ...needs])} | ${list(calls.split(' ').filter((name) => name !== ''))} | ${describe} |`;
}

test('docs/priv.md shows every switch as it is', () => {
  const page = readFileSync(new URL('../../../docs/priv.md', import.meta.url), 'utf8').split('\n');
  expect(page.filter((line) => line.startsWith('| `allow.'))).toEqual(switches.map(row));
});
