import { EventEmitter } from 'node:events';
import { Server } from 'node:net';

/** What Node's own code made of a native handle: a socket, a server. */
export function ownerOf(handle: object): object | undefined {
  for (const symbol of Object.getOwnPropertySymbols(handle)) {
    if (symbol.description !== 'owner_symbol') continue;
    const owner: unknown = Reflect.get(handle, symbol);
    return typeof owner === 'object' && owner !== null ? owner : undefined;
  }
  return undefined;
}

function call(on: object, method: string, ...args: readonly unknown[]): boolean {
  const fn: unknown = Reflect.get(on, method);
  if (typeof fn !== 'function') return false;
  Reflect.apply(fn, on, args);
  return true;
}

/** The primary of a cluster takes the handle from the server that it made for it, and leaves listeners there that would answer a worker once more. */
function givenAway(owner: object, handle: object): boolean {
  return owner instanceof Server && Reflect.get(owner, '_handle') !== handle;
}

/**
 * Ends whoever has a handle: a socket is destroyed, a server closed. The error goes to those who listen for errors; nobody is ended
 * for not listening: they see that it is closed.
 */
export function endOwner(handle: object, error: Error): void {
  const owner = ownerOf(handle);
  if (owner === undefined || Reflect.get(owner, 'destroyed') === true || givenAway(owner, handle)) {
    call(handle, 'close');
    return;
  }
  const heard = (): boolean => owner instanceof EventEmitter && owner.listenerCount('error') > 0;
  if (call(owner, 'destroy', ...(heard() ? [error] : []))) return;
  // Before it is told to be closed, which Node does in a tick as well.
  process.nextTick(() => {
    if (heard()) call(owner, 'emit', 'error', error);
  });
  call(owner, 'close');
}
