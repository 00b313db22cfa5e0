import { codeOf, VimageError } from '../errors.ts';
import { Scope, type Awaitable, type Undo } from '../scope.ts';
import type { Substrate } from '../substrate.ts';
import type { AnyComponent, CreateContext } from './component.ts';
import { anything, bringing, holders, instance, isObject, nothing, once, report, saved, shown, steps, texts, type Shape } from './shapes.ts';

/** Seconds that one call of a component may take, where it does not say otherwise ({@link AnyComponent.patience}). */
export const defaultPatience = 120;

/** A component broke the rules of its interface: it threw what is no coded error, gave what it may not give, or did not come back. EIO, ETIMEDOUT. */
export class ComponentFault extends VimageError {}

/**
 * A component as the kernel calls it: whatever it does wrong is a {@link ComponentFault} that names it, and what has not come back after its patience is waited for no
 * longer. What it does afterwards is its own; what it acquires then is left to gc. One that never lets go of the thread cannot be stopped from here.
 */
export function guarded(component: AnyComponent, substrate: Substrate): AnyComponent {
  const guard = new Guard(component, substrate);
  const { implied, check, save, lapsed, set, get, remove, forget, entry, once: atOnce, holders: whoHolds, starting, started, stopping, stopped, giveBack } = component;
  return Object.freeze<AnyComponent>({
    ...component,
    root: (...args) => guard.later('root', instance, () => component.root(...args)),
    create: (cx) => guard.later('create', instance, () => component.create(guard.within(cx))),
    save: (...args) => guard.now('save', saved, () => save.call(component, ...args)),
    restore: (...args) => guard.later('restore', instance, () => component.restore(...args)),
    entry: (...args) => guard.now('entry', steps, () => entry.call(component, ...args)),
    ...(implied && { implied: (...args) => guard.now('implied', bringing(component), () => implied.call(component, ...args)) }),
    ...(check && { check: (...args) => guard.now('check', nothing, () => check.call(component, ...args)) }),
    ...(lapsed && { lapsed: (...args) => guard.now('lapsed', texts, () => lapsed.call(component, ...args)) }),
    ...(set && { set: (instance, cx) => guard.later('set', report, () => set.call(component, instance, guard.within(cx))) }),
    ...(get && { get: (...args) => guard.later('get', shown(component), () => get.call(component, ...args)) }),
    ...(remove && { remove: (...args) => guard.later('remove', texts, () => remove.call(component, ...args)) }),
    ...(forget && { forget: (...args) => guard.now('forget', anything, () => forget.call(component, ...args)) }),
    ...(atOnce && { once: (...args) => guard.later('once', once, () => atOnce.call(component, ...args)) }),
    ...(whoHolds && { holders: (...args) => guard.later('holders', holders, () => whoHolds.call(component, ...args)) }),
    ...(starting && { starting: (...args) => guard.later('starting', anything, () => starting.call(component, ...args)) }),
    ...(started && { started: (...args) => guard.later('started', anything, () => started.call(component, ...args)) }),
    ...(stopping && { stopping: (...args) => guard.later('stopping', texts, () => stopping.call(component, ...args)) }),
    ...(stopped && { stopped: (...args) => guard.later('stopped', texts, () => stopped.call(component, ...args)) }),
    ...(giveBack && { giveBack: (...args) => guard.later('giveBack', texts, () => giveBack.call(component, ...args)) }),
  });
}

class Guard {
  readonly #component: AnyComponent;
  readonly #name: string;
  readonly #seconds: number;
  readonly #substrate: Substrate;

  constructor(component: AnyComponent, substrate: Substrate) {
    const { name, patience = defaultPatience } = component;
    this.#component = component;
    this.#name = name;
    this.#seconds = patience;
    this.#substrate = substrate;
  }

  /** What a component makes something in: each undo of its own is waited for no longer than it is, and no slot is seen that may not stand yet. */
  within<T extends CreateContext<string>>(cx: T): T {
    const scope = new GuardedScope((undo) => this.later('undo', anything, undo));
    cx.scope.defer(() => scope.close());
    const { requires = [], after = [] } = this.#component;
    const asked = (component: string, names: readonly string[], where: string): void => {
      if (!names.includes(component)) throw this.#broken(`asks for what stands in the slot of "${component}", which it does not name in ${where}`);
    };
    return {
      ...cx,
      scope,
      slot: (component: string) => {
        asked(component, requires, 'requires');
        return cx.slot(component);
      },
      peek: (component: string) => {
        asked(component, [...requires, ...after], 'after');
        return cx.peek(component);
      },
    };
  }

  /** A method that answers at once. */
  now<T>(method: string, shape: Shape, call: () => T): T {
    try {
      return this.#checked(method, shape, call());
    } catch (error) {
      throw this.#fault(method, error);
    }
  }

  /** A method that may take its time. */
  later<T>(method: string, shape: Shape, call: () => Awaitable<T>): Awaitable<T> {
    const given = this.now(method, anything, call);
    if (!isThenable(given)) return this.now(method, shape, () => given);
    return this.#inTime(method, given).then((value) => this.#checked(method, shape, value)).catch((error: unknown) => {
      throw this.#fault(method, error);
    });
  }

  #inTime<T>(method: string, given: Promise<T>): Promise<T> {
    const seconds = this.#seconds;
    if (seconds === Infinity || this.#substrate.callout === undefined) return given;
    return new Promise<T>((resolve, reject) => {
      const late = (): void => {
        reject(new ComponentFault('ETIMEDOUT', `component "${this.#name}" has not come back from ${method}() within ${seconds} s`, {
          subject: this.#name, hint: 'a fault of the component; "patience" says how many seconds it may take',
        }));
      };
      const stop = this.#substrate.callout?.(seconds * 1000, late);
      given.then(resolve, reject).finally(() => stop?.());
    });
  }

  #checked<T>(method: string, [what, holds]: Shape, value: T): T {
    if (holds(value)) return value;
    // What it says of it comes too late for anybody to hear.
    if (isThenable(value)) value.then(undefined, () => undefined);
    throw this.#broken(`gave something else than ${what} from ${method}()`);
  }

  /** Coded errors are for the reader as they are, and our own broken invariants are nobody else's. */
  #fault(method: string, error: unknown): unknown {
    if (error instanceof Error && (error.name === 'InvariantError' || !(codeOf(error) ?? 'ERR_').startsWith('ERR_'))) return error;
    return this.#broken(`failed in ${method}(): ${String(error)}`, error);
  }

  #broken(what: string, cause?: unknown): ComponentFault {
    return new ComponentFault('EIO', `component "${this.#name}" ${what}`, { subject: this.#name, cause, hint: 'a fault of the component, not of what was asked' });
  }
}

/** Calls each undo by way of `call`. */
class GuardedScope extends Scope {
  readonly #call: (undo: Undo) => Awaitable<void>;

  constructor(call: (undo: Undo) => Awaitable<void>) {
    super();
    this.#call = call;
  }

  override defer(undo: Undo): void {
    super.defer(() => this.#call(undo));
  }
}

function isThenable<T>(value: Awaitable<T>): value is Promise<T> {
  return isObject(value) && 'then' in value && typeof value.then === 'function';
}
