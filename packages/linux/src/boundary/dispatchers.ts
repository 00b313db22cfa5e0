import { standAt, standing } from './store.ts';
import type { Stand } from './store.ts';

/** Where undici, Node's own and the one of npm, keeps what `fetch` and others send requests by, for each generation of its interface. */
const places = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];

/** Dispatchers of one image: they keep connections, and make them when they please. */
export type Pool = Map<symbol, object>;

/**
 * Puts in the place of undici's global dispatcher one that has another of the same kind for each image. What a user has put there is left
 * alone where it is more than a plain agent: how it was made is not known.
 */
export function routeDispatchers(): void {
  // Node loads its undici with the first use of one of its classes.
  Reflect.get(globalThis, 'Headers');
  for (const place of places) {
    const own: unknown = Reflect.get(globalThis, place);
    if (typeof own === 'object' && own !== null && makes(own, place) !== undefined) Reflect.set(globalThis, place, routed(own, place));
  }
}

/** One that goes to the dispatcher of the image where it is called. */
function routed(own: object, place: symbol): object {
  return new Proxy(own, {
    get: (_, name) => {
      const stand = standing();
      if (stand === undefined || stand.threads.keyOf(stand.td) === undefined) return bound(own, name);
      const { pool, stand: its } = stand.threads.pool(stand.td);
      return bound(dispatcherIn(pool, own, place), name, its);
    },
  });
}

/** A property of a dispatcher; a method acts on it, and with a stand, there. */
function bound(on: object, name: PropertyKey, stand?: Stand): unknown {
  const value: unknown = Reflect.get(on, name, on);
  if (typeof value !== 'function') return value;
  return (...args: readonly unknown[]): unknown => (stand === undefined ? Reflect.apply(value, on, args) : standAt(stand, () => Reflect.apply(value, on, args)));
}

function dispatcherIn(pool: Pool, own: object, place: symbol): object {
  const kept = pool.get(place);
  if (kept !== undefined) return kept;
  const made = makes(own, place)?.(pool) ?? own;
  pool.set(place, made);
  return made;
}

/** How another of this kind is made; undefined: it is not a kind that we know. */
function makes(own: object, place: symbol): ((pool: Pool) => object) | undefined {
  const cls: unknown = own.constructor;
  if (!isClass(cls)) return undefined;
  if (cls.name === 'Agent') return () => new cls();
  // For what was written for the interface before: it hands on to the new one.
  const newer = places[places.indexOf(place) + 1];
  const next: unknown = newer === undefined ? undefined : Reflect.get(globalThis, newer);
  if (cls.name !== 'Dispatcher1Wrapper' || newer === undefined || typeof next !== 'object' || next === null) return undefined;
  return (pool) => new cls(dispatcherIn(pool, next, newer));
}

function isClass(value: unknown): value is new (...args: readonly object[]) => object {
  return typeof value === 'function' && value.prototype !== undefined;
}

/** Ends the connections of a pool. */
export function endPool(pool: Pool): void {
  for (const dispatcher of pool.values()) {
    const destroy: unknown = Reflect.get(dispatcher, 'destroy');
    if (typeof destroy === 'function') void Promise.resolve(Reflect.apply(destroy, dispatcher, [])).catch(() => undefined);
  }
  pool.clear();
}
