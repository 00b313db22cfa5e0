import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageParams, parseArgs, parseImage, type Pairs } from '@vimage/core';
import { vnetParams } from '@vimage/vnet';
import { workspace } from './lib/world.ts';

const words = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

/** Rows `| parameter | example | ...` of docs/net.md: the parameter of a row is that of the row above where it is left out. */
function rows(): readonly (readonly [keys: readonly string[], examples: readonly string[]])[] {
  const found: (readonly [readonly string[], readonly string[]])[] = [];
  let keys: readonly string[] | undefined;
  for (const line of readFileSync(path.join(workspace, 'docs/net.md'), 'utf8').split('\n')) {
    const [, first = '', second = ''] = /^\| (.*?) ?\| (.*?) \|/.exec(line) ?? [];
    if (!line.startsWith('|')) keys = undefined;
    else if (first === 'parameter') keys = [];
    else if (keys !== undefined && !line.startsWith('|---')) {
      keys = first === '' ? keys : words(first);
      found.push([keys, words(second)]);
    }
  }
  return found;
}

/** `down eth1` names its key; `eth0=parent` is a value of the row's parameter. */
function pairsOf(key: string, example: string): Pairs {
  return Object.hasOwn(vnetParams, example.split(' ')[0] ?? '') ? parseArgs(example.split(' ')) : [[key, example]];
}

describe('docs/net.md', () => {
  const examples = rows().flatMap(([keys, list]) => list.map((example) => [keys[0] ?? '', example] as const));

  it.each(examples)('%s %s can be said', (key, example) => {
    const tables = { image: imageParams, components: new Map([['net', vnetParams]]) };
    parseImage([['name', 'web'], ['vir', 'net'], ...pairsOf(key, example)], tables, { access: 'create' });
  });

  it('has every parameter that can be given', () => {
    const text = readFileSync(path.join(workspace, 'docs/net.md'), 'utf8');
    const told = Object.entries(vnetParams).filter(([key, param]) => param.access !== 'ro' && !new RegExp(`\`${key.replace('.', '\\.')}[\` ]`).test(text) && !text.includes(`**\`${key} `));
    expect(examples.length).toBeGreaterThan(20);
    expect(told.map(([key]) => key)).toEqual([]);
  });
});
