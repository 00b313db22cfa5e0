import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readPage } from '../../../tools/e2e/test/lib/doc.ts';

const root = new URL('../../../', import.meta.url);
const guide = readPage('CONTRIBUTING.md', readFileSync(new URL('CONTRIBUTING.md', root), 'utf8'));
const read = (file: string): string => readFileSync(new URL(`packages/create-component/template/${file}`, root), 'utf8');

describe('the template', () => {
  // One component, explained there, and made by this.
  test.each(['src/index.ts', 'src/params.ts'])('%s is that of the guide', (file) => {
    const shown = guide.find((block) => block.file === file)?.text;
    expect(read(file).replaceAll("'__name__', 'uts')", "'uts', 'uts')").replaceAll('__name__', 'uts').replaceAll('__Type__', 'Uts')).toBe(shown);
  });
});
