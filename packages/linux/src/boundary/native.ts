import { VimageError } from '@vimage/core';

/** A method of a native handle. Node's own code above calls it, and takes a negative errno for a failure. */
export type Native = (this: object, ...args: readonly unknown[]) => unknown;

function missing(what: string): VimageError {
  return new VimageError('EOPNOTSUPP', `this Node (${process.version}) has no ${what} that could be led into an image`, {
    subject: what, hint: 'vimage is tested with Node 20, 22, 24 and 26; what was started by image.spawn works with any',
  });
}

/** One of Node's native modules, the very object that Node's own code calls (process.binding, DEP0111). EOPNOTSUPP: this Node does not give it out. */
export function binding(name: string): object {
  const get: unknown = Reflect.get(process, 'binding');
  if (typeof get !== 'function') throw missing(name);
  let found: unknown;
  try {
    found = Reflect.apply(get, process, [name]);
  } catch (cause) {
    throw new VimageError('EOPNOTSUPP', `this Node does not give out "${name}": code in it cannot be led into an image`, {
      subject: name, cause, hint: 'is it run with --permission? image.spawn works there too',
    });
  }
  if (typeof found !== 'object' || found === null) throw missing(name);
  return found;
}

/** The prototype of a native class. EOPNOTSUPP. */
export function prototypeOf(module: string, name: string): object {
  const cls: unknown = Reflect.get(binding(module), name);
  const proto: unknown = typeof cls === 'function' ? cls.prototype : undefined;
  if (typeof proto !== 'object' || proto === null) throw missing(`${module}.${name}`);
  return proto;
}

/** Puts something in the place of a method, which it is given. EOPNOTSUPP: there is no such method. */
export function wrap(on: object, method: string, make: (native: Native) => Native): void {
  const native: unknown = Reflect.get(on, method);
  if (!isNative(native)) throw missing(method);
  const made = make(native);
  Object.defineProperty(made, 'name', { value: method });
  Object.defineProperty(on, method, { value: made, writable: true, configurable: true, enumerable: Object.prototype.propertyIsEnumerable.call(on, method) });
}

function isNative(value: unknown): value is Native {
  return typeof value === 'function';
}

/** Descriptor of a native handle; -1: it has none yet, or no more. */
export function fdOf(handle: object): number {
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' ? fd : -1;
}
