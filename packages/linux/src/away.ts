import { door } from './door.ts';
import { Helper } from './helper.ts';
import { Namespace, canReturn } from './ns.ts';
import { Pidfd } from './process/pidfd.ts';
import { pidfdGetfd } from './sys/process.ts';

/**
 * What a thread has to be in a network namespace for, done by imgexec, where ours could not come back: root of an ordinary user's own
 * namespaces stands in the machine's network namespace, and nobody who has left that without being root of the machine returns.
 */
class Away {
  readonly #helper: Helper = new Helper('--serve');

  get alive(): boolean {
    return this.#helper.alive;
  }

  #ask(ns: Namespace | undefined, what: readonly string[]): string {
    return this.#helper.ask(['inside', ns === undefined ? '-' : String(ns.fd), ...what], what.join(' ').slice(0, 80)).values[0] ?? '';
  }

  /** A descriptor that imgexec opened, as one of ours. */
  fd(ns: Namespace | undefined, ...what: string[]): number {
    const theirs = this.#ask(ns, what);
    using process = Pidfd.open(this.#helper.pid);
    if (process === undefined) throw this.#helper.ended(what.join(' '));
    try {
      return door('pidfd_getfd', () => pidfdGetfd(process.fd, Number(theirs)));
    } finally {
      this.#helper.ask(['drop', theirs], 'drop');
    }
  }

  text(ns: Namespace, ...what: string[]): string {
    return this.#ask(ns, what);
  }
}

let one: Away | undefined;

/** Who does it; undefined where this process can go itself, and come back. */
export function away(): Away | undefined {
  if (canReturn()) return undefined;
  if (one?.alive !== true) one = new Away();
  return one;
}
