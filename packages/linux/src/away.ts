import { door } from './door.ts';
import { Helper } from './helper.ts';
import { Namespace, canReturn, takeOver } from './ns.ts';
import { Pidfd } from './process/pidfd.ts';
import { close } from './sys/libc.ts';
import { pidfdGetfd } from './sys/process.ts';

/** What a thread has to be in other namespaces for, done by imgexec, which does not have to come back. */
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
    let ours: number | undefined;
    try {
      using process = Pidfd.open(this.#helper.pid);
      if (process === undefined) throw this.#helper.ended(what.join(' '));
      ours = door('pidfd_getfd', () => pidfdGetfd(process.fd, Number(theirs)));
      this.#helper.ask(['drop', theirs], 'drop');
      return ours;
    } catch (error) {
      if (ours !== undefined) close(ours);
      this.#drop(theirs);
      throw error;
    }
  }

  /** After a failure: if it keeps what it opened, it has to end. */
  #drop(theirs: string): void {
    try {
      this.#helper.ask(['drop', theirs], 'drop');
    } catch {
      this.close();
    }
  }

  close(): void {
    this.#helper[Symbol.dispose]();
  }

  text(ns: Namespace, ...what: string[]): string {
    return this.#ask(ns, what);
  }
}

let one: Away | undefined;

function errands(): Away {
  if (one?.alive !== true) one = new Away();
  return one;
}

/**
 * Who goes to a network namespace for us; undefined where this process can go itself, and come back. Root of an ordinary user's own
 * namespaces stands in the machine's network namespace, and nobody who has left that without being root of the machine returns.
 */
export function away(): Away | undefined {
  return canReturn() ? undefined : errands();
}

/** An ipc namespace whose root is that of a user namespace; undefined: of ours. */
export function ipcOwnedBy(users: Namespace | undefined): Namespace {
  return takeOver(errands().fd(users, 'ipc'), 'ipc', 'a new ipc namespace');
}

/** Reads a file of /proc/sysvipc, or a sysctl, as it is in an ipc namespace; with `value` writes it, as root of that namespace's users where it takes that. */
export function ipcFile(ns: Namespace, path: string, value?: string): string {
  return errands().text(ns, 'ipc', path, ...(value === undefined ? [] : [value]));
}

/** Ends who did it; another one is started when there is something to do again. */
export function endErrands(): void {
  one?.close();
  one = undefined;
}

/** A time namespace with these offsets (lines of timens_offsets), whose root is that of a user namespace, or ours. */
export function timeWith(offsets: string, users: Namespace | undefined): Namespace {
  return takeOver(errands().fd(users, 'time', ...(offsets === '' ? [] : [offsets])), 'time', 'a new time namespace');
}

/** A network namespace whose root is that of a user namespace. */
export function netOwnedBy(users: Namespace, loopback: boolean): Namespace {
  return takeOver(errands().fd(users, 'owned', ...(loopback ? ['up'] : [])), 'net', 'a new net namespace');
}
