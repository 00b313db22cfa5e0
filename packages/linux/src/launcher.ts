import { VimageError, codeOf } from '@vimage/core';
import { Helper } from './helper.ts';
import { imgexecPath } from './imgexec.ts';

/** What a message to the launcher can hold; what is more is executed the slow way. */
const most = { bytes: 120_000, words: 16_000 } as const;

/** What became of a launch. */
export type Launched =
  | { readonly kind: 'started'; readonly pid: number }
  /** imgexec said why on its stderr, and ended so (a status of wait(2)). */
  | { readonly kind: 'ended'; readonly status: number }
  /** It takes a process of its own: a terminal, a keeper, ... */
  | { readonly kind: 'refused' };

/**
 * `imgexec --launch`, our child, which starts commands as imgexec does, but without being executed each time: it is small, so that a
 * copy of it is made at once, where copying this process takes longer than all the rest. The commands are its children.
 */
export class Launcher implements Disposable {
  readonly #helper: Helper = new Helper('--launch');
  #children = 0;
  #disposed = false;

  /** Whether it takes another command. */
  get alive(): boolean {
    return this.#helper.alive && !this.#disposed;
  }

  /** `args`: what imgexec is called with. `fds`: descriptors of ours that become 0-2. Each start is followed by one `wait`. */
  run(args: readonly string[], env: readonly string[], fds: readonly [number, number, number]): Launched {
    const cwd = folder();
    if (cwd === undefined) return { kind: 'refused' };
    const words = ['run', ...fds.map(String), String(process.umask()), cwd, String(args.length + 1), imgexecPath(), ...args, ...env];
    if (words.length > most.words || words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0) > most.bytes) return { kind: 'refused' };
    try {
      const { kind, values } = this.#helper.ask(words, 'run');
      if (kind === 'ended') return { kind, status: Number(values[0]) };
      this.#children += 1;
      return { kind: 'started', pid: Number(values[0]) };
    } catch (error) {
      if (codeOf(error) === 'EOPNOTSUPP') return { kind: 'refused' };
      throw error;
    }
  }

  /** The status, as of wait(2), of a command that has ended; undefined when it cannot be known any more. Its number is free then. */
  wait(pid: number): number | undefined {
    this.#children -= 1;
    try {
      return Number(this.#helper.ask(['wait', String(pid)], `wait ${pid}`).values[0]);
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      return undefined;
    } finally {
      if (this.#disposed && this.#children === 0) this.#helper[Symbol.dispose]();
    }
  }

  /** It ends when its last command has. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    if (this.#children === 0) this.#helper[Symbol.dispose]();
  }
}

/** Ours; undefined when it has been removed. */
function folder(): string | undefined {
  try {
    return process.cwd();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}
