import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mainFile, workspace, type World } from './world.ts';

/** A shell in a world, in which the commands of a page are typed one after the other: folder, variables and background jobs stay. */
export class Session {
  readonly #shell: ChildProcess;
  #text = '';
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(shell: ChildProcess) {
    this.#shell = shell;
    shell.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    shell.once('exit', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** In a folder as a reader has it: `imgctl` and `npx imgctl` are the built program, `vimage` is the clone, `examples` its examples. */
  static async open(world: World): Promise<Session> {
    const bin = path.join(world.scratch, 'bin');
    mkdirSync(bin);
    program(path.join(bin, 'imgctl'), `exec ${process.execPath} ${mainFile} "$@"`);
    program(path.join(bin, 'npx'), '[ "$1" = imgctl ] || { echo "npx: only imgctl is here" >&2; exit 1; }; exec "$@"');
    symlinkSync(workspace, path.join(world.scratch, 'vimage'));
    symlinkSync(path.join(workspace, 'examples'), path.join(world.scratch, 'examples'));
    const env = { PATH: `${bin}:${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, HOME: world.scratch, SHELL: '/bin/sh' };
    const session = new Session(world.spawn(['bash', '--norc', '--noprofile'], { env }));
    await session.run(`exec 2>&1; cd ${world.scratch}`);
    return session;
  }

  /** Types a command; its status, and what it wrote to both outputs. */
  async run(command: string): Promise<{ readonly status: number; readonly out: string }> {
    this.#text = '';
    // The status is handed on, so that the next command can ask for it.
    this.#shell.stdin?.write(`(exit \${status:-0}); eval '${command.replaceAll("'", "'\\''")}' </dev/null; status=$?; printf '\\036%s\\036' $status\n`);
    const timer = setTimeout(() => this.#shell.kill('SIGKILL'), 50_000);
    try {
      for (;;) {
        const [out = '', status, end] = this.#text.split('\u001e');
        if (end !== undefined) return { status: Number(status), out };
        if (this.#ended) throw new Error(`${command}: the shell has ended, or it took too long\n${this.#text}`);
        await new Promise<void>((resolve) => { this.#wake = resolve; });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes a file where the shell is now. */
  async file(name: string, content: string): Promise<void> {
    const { out } = await this.run('pwd');
    const at = path.join(out.trim(), name);
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, content);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = once(this.#shell, 'exit');
    this.#shell.stdin?.end();
    await gone;
  }
}

function program(at: string, script: string): void {
  writeFileSync(at, `#!/bin/sh\n${script}\n`);
  chmodSync(at, 0o755);
}
