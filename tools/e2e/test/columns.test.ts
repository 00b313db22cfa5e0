import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { mainFile, workspace } from './lib/world.ts';

const why = existsSync(mainFile) ? undefined : 'needs the built imgctl: run npm run build';

function said(words: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return spawnSync(process.execPath, [mainFile, ...words], { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: '/', ...env } }).stdout;
}

const wider = (text: string, columns: number): readonly string[] => text.split('\n').filter((line) => [...line].length > columns);

describe.skipIf(why !== undefined)(`what imgctl prints${why === undefined ? '' : `: ${why}`}`, () => {
  const commands = why === undefined ? (JSON.parse(said(['--help', '--json'])) as { commands: readonly { name: string }[] }).commands.map(({ name }) => name) : [];
  const components = why === undefined ? (JSON.parse(said(['components', '--json'])) as readonly { name: string }[]).map(({ name }) => name) : [];

  it.each([[], ...commands.map((name) => [name])])('help has 80 columns where nothing says how many there are: %s', (...words) => {
    expect(wider(said([...words, '--help']), 80)).toEqual([]);
  });

  it('imgexec --help has them, too', () => {
    const { stdout } = spawnSync(path.join(workspace, 'packages/linux/dist/imgexec'), ['--help'], { encoding: 'utf8' });
    expect(stdout).toContain('--rootless');
    expect(wider(stdout, 80)).toEqual([]);
  });

  it('the parameters of each component and the components themselves have the columns of the terminal', () => {
    expect(components.length).toBeGreaterThan(5);
    for (const columns of [80, 110]) {
      for (const words of [['components'], ['params'], ['params', 'image'], ...components.map((name) => ['params', name])]) {
        const text = said(words, { COLUMNS: String(columns) });
        expect(text.split('\n').length, words.join(' ')).toBeGreaterThan(2);
        expect(wider(text, columns), words.join(' ')).toEqual([]);
      }
    }
  });

  it('in a pipe a parameter is one line', () => {
    const rows = JSON.parse(said(['params', 'net', '--json'])) as readonly unknown[];
    expect(said(['params', 'net']).trim().split('\n')).toHaveLength(rows.length + 1);
  });

  it('colour: on a terminal, or where it is forced; NO_COLOR holds first', () => {
    const coloured = (env: NodeJS.ProcessEnv): boolean => said(['--help'], env).includes('\u001b[');
    expect(coloured({})).toBe(false);
    expect(coloured({ FORCE_COLOR: '1' })).toBe(true);
    expect(coloured({ FORCE_COLOR: '1', TERM: 'dumb' })).toBe(true);
    expect(coloured({ FORCE_COLOR: '0' })).toBe(false);
    expect(coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  });
});
