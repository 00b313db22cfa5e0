import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { vlimitParams } from '../src/index.ts';

test('docs/limit.md shows every parameter, by its example', () => {
  const rows = readFileSync(new URL('../../../docs/limit.md', import.meta.url), 'utf8').split('\n').filter((line) => line.startsWith('| `'));
  for (const [key, { access, example }] of Object.entries(vlimitParams)) {
    const row = rows.find((line) => line.startsWith(`| \`${key}\` |`));
    expect(row, key).toBeDefined();
    if (access === 'rw' && key !== 'optional') expect(row, key).toContain(`\`${example}\``);
  }
});
