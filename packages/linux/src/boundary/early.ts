import { VimageError } from '@vimage/core';
import { prototypeOf, wrap } from './native.ts';
import { standing } from './store.ts';

let leading = false;

/** Calls `fn`, which starts a worker that is led into an image. */
export function whileLed<T>(fn: () => T): T {
  leading = true;
  try {
    return fn();
  } finally {
    leading = false;
  }
}

/**
 * What a program has taken out of Node's modules before they were wrapped (`const { Worker } = require('node:worker_threads')`, `lookup` of node:dns/promises) cannot be
 * led anywhere, but is known by what it does next: in an image it is refused. EOPNOTSUPP.
 */
export function refuseEarly(): void {
  // The first message to a worker says what it is to run; it has not started then.
  wrap(process.getBuiltinModule('node:worker_threads').MessagePort.prototype, 'postMessage', (native) => function (...args) {
    const [message] = args;
    if (!leading && typeof message === 'object' && message !== null && 'publicPort' in message && 'filename' in message) refuse('Worker of node:worker_threads');
    return Reflect.apply(native, this, args);
  });
  // Requests that settle a promise are those of node:dns/promises alone.
  for (const name of ['GetAddrInfoReqWrap', 'GetNameInfoReqWrap']) {
    Object.defineProperty(prototypeOf('cares_wrap', name), 'reject', {
      configurable: true,
      set(this: object, value: unknown) {
        refuse('what looks up names in node:dns/promises');
        Object.defineProperty(this, 'reject', { value, writable: true, configurable: true, enumerable: true });
      },
    });
  }
}

function refuse(what: string): void {
  const stand = standing();
  const on = stand?.threads.imageOf(stand.td);
  if (stand === undefined || on === undefined || stand.threads.etcOf(stand.td) === undefined) return;
  throw new VimageError('EOPNOTSUPP', `${what} was taken out of its module before anything acted on an image, and cannot be led to "${on.image.name}"`, {
    subject: on.image.name, hint: 'import it; or take it where it is used: require(\'node:worker_threads\').Worker, require(\'node:dns/promises\').lookup',
  });
}
