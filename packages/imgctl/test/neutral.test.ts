import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));
const names = ['net', 'proc', 'priv', 'user', 'fs', 'jail', 'limit', 'ipc', 'vfs'];

/** Where a component's name stands as such: after `vir`, alone in quotes, as a member or an identifier, or as its package. */
function mentions(text: string): readonly string[] {
  // What the platform calls so: node:fs, /proc, /sys/class/net, an option's placeholder, the request's field.
  const clean = text
    .replace(/'node:[a-z/]+'/g, "''")
    .replace(/\/(?:proc|sys)\/[a-z/_]*/g, '/')
    .replace(/<[a-z:[\]]+>/g, '<>')
    .replace(/--user\b/g, '--')
    .replace(/textOf\(options, 'user'\)/g, '')
    .replace(/from: 'user'/g, '')
    .replace(/\['user' as const\]/g, '');
  const word = names.join('|');
  const patterns = [
    new RegExp(`\\bvir (?:${word})\\b`, 'g'),
    new RegExp(`['"\`](?:${word})['"\`]`, 'g'),
    new RegExp(`(?:\\.|\\bconst |\\blet )(?:net|proc|priv|jail|limit)\\b`, 'g'),
    new RegExp(`--only (?:${word})\\b`, 'g'),
    /\bv(?:net|proc|priv|user|fs|jail|limit)\b/g,
    /@vimage\/v[a-z]/g,
  ];
  return patterns.flatMap((pattern) => clean.match(pattern) ?? []);
}

describe('imgctl knows no component', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  it.each(files)('%s', (file) => {
    expect(mentions(readFileSync(path.join(source, file), 'utf8'))).toEqual([]);
  });

  it('would find one', () => {
    for (const text of ["create name web vir net", "if (name === 'proc')", 'slots.net', "import '@vimage/vnet'", '--only net,proc']) {
      expect(mentions(text), text).not.toEqual([]);
    }
  });

  it('depends on no component', () => {
    const { dependencies } = JSON.parse(readFileSync(path.join(source, '../package.json'), 'utf8')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies).filter((name) => /^@vimage\/v/.test(name))).toEqual([]);
  });
});
