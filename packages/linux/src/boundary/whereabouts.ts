import { wrap } from './native.ts';
import { ownerOf } from './owner.ts';

/** With VIMAGE_DEBUG=1 it is noted where in the code each socket was made. */
export const debugging: boolean = process.env['VIMAGE_DEBUG'] === '1';

const made = new WeakMap<object, string>();

/** Of this package, and of core beside it. */
let ours: readonly string[] | undefined;

/** The first line of the stack that is neither ours nor Node's. */
export function here(): string | undefined {
  const own = (ours ??= [import.meta.url, import.meta.resolve('@vimage/core')].map((url) => url.replace(/[^/]*$/, '')));
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  const line = lines.find((each) => /:\d+:\d+\)?$/.test(each) && !each.includes('node:') && !own.some((dir) => each.includes(dir)));
  return line?.replace(/^.*?\(?((?:file:)?\/[^\s()]+:\d+):\d+\)?$/, '$1').replace('file://', '');
}

/** Notes who calls what makes a socket: the native call comes a tick later. */
export function noteWhereabouts(): void {
  const net = process.getBuiltinModule('node:net');
  const dgram = process.getBuiltinModule('node:dgram');
  const entries: readonly (readonly [object, readonly string[]])[] = [
    [net.Socket.prototype, ['connect']], [net.Server.prototype, ['listen']], [dgram.Socket.prototype, ['bind', 'connect', 'send']],
  ];
  for (const [proto, methods] of entries) {
    for (const method of methods) {
      wrap(proto, method, (native) => function (...args) {
        const line = made.has(this) ? undefined : here();
        if (line !== undefined) made.set(this, line);
        return Reflect.apply(native, this, args);
      });
    }
  }
}

/** Where a socket was made, as `file:line`. */
export function whereMade(handle: object): string | undefined {
  const owner = ownerOf(handle);
  return owner === undefined ? undefined : made.get(owner);
}
