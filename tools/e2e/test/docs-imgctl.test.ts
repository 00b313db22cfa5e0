import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { mainFile, workspace } from './lib/world.ts';

const why = existsSync(mainFile) ? undefined : 'needs the built imgctl: run npm run build';
const page = readFileSync(path.join(workspace, 'docs/imgctl.md'), 'utf8');
const sections = new Map(page.split(/^## /m).slice(1).map((text) => [text.split('\n', 1)[0] ?? '', text]));

function help<T>(...words: readonly string[]): T {
  const { stdout } = spawnSync(process.execPath, [mainFile, ...words, '--help', '--json'], { encoding: 'utf8' });
  return JSON.parse(stdout) as T;
}

/** docs/imgctl.md against the program. */
describe.skipIf(why !== undefined)(`docs/imgctl.md${why === undefined ? '' : `: ${why}`}`, () => {
  const commands = why === undefined ? help<{ commands: readonly { name: string }[] }>().commands.map(({ name }) => name) : [];

  it('has a section for every command, and names it in the table at the top', () => {
    expect(commands.length).toBeGreaterThan(10);
    for (const name of commands) {
      expect([...sections.keys()]).toContain(name);
      expect(page.split(/^## /m)[0]).toContain(`[${name}](#${name})`);
    }
    const others = [...sections.keys()].filter((title) => !commands.includes(title));
    expect(others).toEqual(['Exit status', 'JSON', 'The environment']);
  });

  it.each(commands)('%s: every option it has, and none that it has not', (name) => {
    const options = help<{ options: readonly { flags: string }[] }>(name).options.map(({ flags }) => flags).filter((flags) => !/^--json|^--component|--help$/.test(flags));
    const rows = (sections.get(name) ?? '').split('\n').filter((line) => line.startsWith('| `-')).map((line) => line.split(' | ')[0] ?? '');
    const told = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
    expect([...told].sort()).toEqual([...options].sort());
  });

  it('--json may stand anywhere', () => {
    for (const words of [['help', 'ls', '--json'], ['help', '--json', 'ls'], ['--json', 'ls', '--help']]) {
      const { stdout } = spawnSync(process.execPath, [mainFile, ...words], { encoding: 'utf8' });
      expect(JSON.parse(stdout), words.join(' ')).toMatchObject({ command: 'ls' });
    }
  });

  it('has the exit statuses of --help', () => {
    const text = (...words: readonly string[]): string => spawnSync(process.execPath, [mainFile, ...words], { encoding: 'utf8' }).stdout;
    const told = (text('--help') + text('exec', '--help')).split('Exit status').slice(1).flatMap((part) => [...part.matchAll(/^ {2}(\d+(?:\+n)?|other) {2,}/gm)].map((match) => match[1] ?? ''));
    const rows = [...(sections.get('Exit status') ?? '').matchAll(/^\| (\S+) \|/gm)].map((match) => match[1] ?? '').filter((cell) => cell !== 'status');
    expect([...new Set(told)]).toEqual(rows);
  });

  it('says what --json prints for every command', () => {
    const rows = [...(sections.get('JSON') ?? '').matchAll(/^\| (`[^|]+`) \|/gm)].flatMap((match) => [...(match[1] ?? '').matchAll(/`([a-z]+)[^`]*`/g)].map((word) => word[1] ?? ''));
    // They print what their command prints.
    expect(commands.filter((name) => !rows.includes(name)).sort()).toEqual(['exec', 'rootless']);
  });
});
