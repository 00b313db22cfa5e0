import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { vprocParams } from '../src/index.ts';

test('docs/proc.md shows every parameter, by its example', () => {
  const rows = readFileSync(new URL('../../../docs/proc.md', import.meta.url), 'utf8').split('\n').filter((line) => line.startsWith('| `'));
  for (const [key, { example }] of Object.entries(vprocParams)) expect(rows.find((line) => line.startsWith(`| \`${key}\` |`)), key).toContain(`\`${example}\``);
});
