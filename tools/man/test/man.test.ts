import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageParams, parseText } from '@vimage/core';
import { describe, expect, test } from 'vitest';
import { commands } from '../../../packages/imgctl/src/command/index.ts';
import { passed, statuses } from '../../../packages/imgctl/src/overview.ts';
import { common } from '../../../packages/imgctl/src/spec.ts';
import { imgexecOptions } from '../src/imgexec.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const shipped = ['imgctl', 'linux', 'vimage'].flatMap((name): readonly string[] => {
  const manifest: { readonly man: readonly string[] } = JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'));
  return manifest.man.map((file) => path.join('packages', name, file));
});

/** Output of a program, which must succeed and complain of nothing. */
function say(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (done.error !== undefined) throw done.error;
  expect([done.status, done.stderr]).toEqual([0, '']);
  return done.stdout;
}

/** As it is read in a terminal, without overstriking and line ends. */
function rendered(file: string): string {
  const lines = say('mandoc', ['-T', 'ascii', '-O', 'width=80', file]).replace(/.[\b]/g, '').split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  return lines.join(' ').replace(/\s+/g, ' ');
}

const noMandoc = spawnSync('mandoc', ['-T', 'lint', '/dev/null']).error !== undefined;

test('three pages are shipped, each with the program that it tells of, and all with "vimage"', () => {
  expect(shipped.map((file) => file.replace(/^packages\//, '')).sort()).toEqual([
    'imgctl/dist/man/imgctl.8', 'imgctl/dist/man/vimage.conf.5', 'linux/dist/man/imgexec.8',
    'vimage/dist/man/imgctl.8', 'vimage/dist/man/imgexec.8', 'vimage/dist/man/vimage.conf.5',
  ]);
});

describe.skipIf(noMandoc)('mandoc is content', () => {
  test.each(shipped)('%s', (file) => {
    expect(say('mandoc', ['-T', 'lint', '-W', 'warning', file])).toBe('');
  });
});

describe.skipIf(noMandoc)('nothing is left out', () => {
  test('imgctl(8): each command that imgctl --help lists, with each of its options, and each status', () => {
    const page = rendered('packages/imgctl/dist/man/imgctl.8');
    const help = say(process.execPath, ['packages/imgctl/bin/imgctl.js', '--help']);
    const listed = [...(help.split('Everywhere')[0] ?? '').matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name);
    expect(listed).toEqual(commands.map(({ name }) => name));
    for (const { name, spec } of commands) {
      const [, mine = ''] = page.split(new RegExp(` ${name} imgctl ${name}\\b`));
      const part = mine.split(/ [a-z]+ imgctl [a-z]+ \[options\]/)[0] ?? '';
      expect(part, name).not.toBe('');
      for (const { flags } of spec.options ?? []) expect(part, `${name} ${flags}`).toContain(` ${flags.replace(/[<>]/g, '')} `);
    }
    for (const { flags } of common) expect(page).toContain(` ${flags.replace(/[<>]/g, '')} `);
    for (const [status, meaning] of [...statuses, ...passed]) expect(page.toLowerCase()).toContain(`${status} ${meaning.toLowerCase()}`);
    for (const key of Object.keys(imageParams)) expect(page).toContain(` ${key} `);
  });

  test('imgexec(8): each option of imgexec --help', () => {
    const page = rendered('packages/linux/dist/man/imgexec.8');
    const help = say('packages/linux/dist/imgexec', ['--help']);
    const options = imgexecOptions(help);
    expect(options.map(([flags]) => flags.split(/[ ,]/)[0])).toEqual([...help.matchAll(/^ {2}(-[-a-z0-9]+)/gmi)].map(([, flag]) => flag));
    for (const [flags] of options) expect(page).toContain(` ${flags} `);
  });

  test('vimage.conf(5): each parameter of an image; its example is a file', () => {
    const page = rendered('packages/imgctl/dist/man/vimage.conf.5');
    const [, example = ''] = /\.Sh EXAMPLES\n[^]*?\.Bd [^\n]*\n([^]*?)\.Ed/.exec(readFileSync(path.join(root, 'packages/imgctl/dist/man/vimage.conf.5'), 'utf8')) ?? [];
    expect(parseText(example).map(({ name }) => name)).toEqual(['lab']);
    for (const [key, param] of Object.entries(imageParams)) expect(page).toContain(`For example: ${key} ${param.example}`);
  });
});
