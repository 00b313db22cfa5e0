import { VimageError } from '@vimage/core';
import { stands } from './store.ts';

/**
 * Workers. A thread that was started in an image would stand in its stack, but names that it looks up are looked up by the pool of
 * threads, which is the whole process's, and what it starts would be without the image's view: it is refused. EOPNOTSUPP.
 */
export function wrapWorkers(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  Reflect.set(threads, 'Worker', new Proxy(threads.Worker, {
    construct: (target, args, made) => {
      const stand = stands.getStore();
      const on = stand?.threads.imageOf(stand.td);
      if (on === undefined) return Reflect.construct(target, args, made);
      throw new VimageError('EOPNOTSUPP', `a worker cannot act on "${on.image.name}": ${why(on.cover.only)}`, {
        subject: on.image.name, hint: 'start it outside of effective(), or a process in the image: child_process.fork',
      });
    },
  }));
}

function why(only: readonly string[] | undefined): string {
  return only?.includes('proc') === true ? 'threads of one process are in one process table' : 'the names it looks up would be looked up outside of it';
}
