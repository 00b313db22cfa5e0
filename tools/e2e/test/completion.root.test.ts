import { chmodSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, missing, World } from './lib/world.ts';

const why = cannot();

describe.skipIf(why !== undefined)(`completion${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let bin: string;

  beforeAll(async () => {
    world = await World.open();
    const program = world.file('bin/imgctl', `#!/bin/sh\nexec ${process.execPath} ${mainFile} "$@"\n`);
    chmodSync(program, 0o755);
    bin = path.dirname(program);
    await world.ok('create', 'name', 'web', 'vir', 'net', 'veth', 'eth0=parent:web0');
  });
  afterAll(async () => {
    await world.imgctl('destroy', 'web');
    await world[Symbol.asyncDispose]();
  });

  /** Types into an interactive shell on a terminal, and waits for what is expected to be there. */
  const type = async (shell: readonly string[], setup: string, typed: string, expected: RegExp): Promise<void> => {
    const terminal = world.spawn(['script', '-qec', shell.join(' '), '/dev/null'], { env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, TERM: 'xterm', HOME: world.scratch, COLUMNS: '200', INPUTRC: '/dev/null' } });
    let text = '';
    terminal.stdout?.on('data', (data: Buffer) => { text += data.toString(); });
    try {
      terminal.stdin?.write(`${setup}; echo "re"ady\n`);
      await expect.poll(() => text, { timeout: 15_000 }).toContain('ready');
      text = '';
      terminal.stdin?.write(typed);
      await expect.poll(() => text, { timeout: 15_000, interval: 100 }).toMatch(expected);
    } finally {
      terminal.stdin?.write('\u0003exit\n');
      terminal.kill('SIGKILL');
    }
  };

  const bash = missing('bash', 'bash') ?? missing('script', 'bsdutils');
  describe.skipIf(bash !== undefined)(`bash${bash === undefined ? '' : `: ${bash}`}`, () => {
    const shell = ['bash', '--norc', '--noprofile', '-i'];
    const setup = 'PS1="> "; bind "set bell-style none" "set show-all-if-ambiguous on" "set page-completions off" "set enable-bracketed-paste off"; source <(imgctl completion bash)';
    it.each([
      ['a command', 'imgctl crea\t', /imgctl create /],
      ['a component', 'imgctl create name x vir pro\t', /vir proc /],
      ['a parameter', 'imgctl create name x vir net ven\b\t\t', /veth/],
      ['a value', 'imgctl create name x vir proc oneway t\t', /oneway true /],
      ['a value after =', 'imgctl create name=x vir=proc oneway=fa\t', /oneway=false/],
      ['an image', 'imgctl get we\t', /get web /],
      ['an image after share', 'imgctl create name x vir net share w\t', /share web /],
      ['an option', 'imgctl create --dry\t', /--dry-run /],
      ['an interface of this machine', 'imgctl create name x vir net if web\t', /if web0/],
      ['a component of --only', 'imgctl exec -e --only net,pr\t', /net,proc /],
      ['what can be changed', 'imgctl set web vir proc \t\t', /max/],
    ])('%s', async (_what, typed, expected) => {
      await type(shell, setup, typed, expected);
    });
  });

  const zsh = missing('zsh', 'zsh') ?? missing('script', 'bsdutils');
  describe.skipIf(zsh !== undefined)(`zsh${zsh === undefined ? '' : `: ${zsh}`}`, () => {
    it.each([
      ['a command', 'imgctl crea\t', /imgctl create/],
      ['a component', 'imgctl create name x vir pro\t', /vir proc/],
      ['a value after =', 'imgctl create name=x vir=proc oneway=fa\t', /oneway=false|false/],
    ])('%s', async (_what, typed, expected) => {
      await type(['zsh', '-f', '-i'], 'PS1="> "; autoload -Uz compinit; compinit -u; source <(imgctl completion zsh)', typed, expected);
    });
  });

  const fish = missing('fish', 'fish');
  describe.skipIf(fish !== undefined)(`fish${fish === undefined ? '' : `: ${fish}`}`, () => {
    it.each([
      ['imgctl crea', 'create'],
      ['imgctl create name x vir pr', 'proc'],
      ['imgctl create name=x vir=proc oneway=fa', 'oneway=false'],
    ])('%s', async (typed, expected) => {
      const { out } = await world.run(['fish', '--no-config', '-c', `imgctl completion fish | source; complete -C '${typed}'`], { env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: world.scratch } });
      expect(out).toMatch(new RegExp(`^${expected}(\\t|$)`, 'm'));
    });
  });

  it('does not offer again what stands there', async () => {
    const only = (await world.ok('__complete', 'bash', 'exec', '-e', '--only', 'net,')).trim().split('\n');
    expect(only).toContain('net,proc');
    expect(only).not.toContain('net,net');
    await world.ok('exec', '-d', 'web', '--', 'sh', '-c', 'exec sleep 1000 > /dev/null 2>&1');
    const [one] = await world.json('ps', 'web') as readonly { readonly pid: number }[];
    expect(await world.ok('__complete', 'bash', 'kill', 'web', '')).toContain(String(one?.pid));
    expect(await world.ok('__complete', 'bash', 'kill', 'web', String(one?.pid), '')).toBe('');
    await world.ok('kill', '-s', 'KILL', 'web');
  });

  it('says nothing, and does not fail, where there is nothing to say', async () => {
    for (const words of [['nothing', 'x'], ['create', 'a', 'b', 'c'], ['create', '=', ''], ['exec', 'web', '--', 'x', ''], ['', ''], []]) {
      const result = await world.imgctl('__complete', 'bash', ...words);
      expect(result, words.join(' ')).toMatchObject({ status: 0, err: '' });
    }
  });
});
