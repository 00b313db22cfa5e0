import { type Abort, Wakeup, isAborted } from './abort.ts';
import { visible } from './draft.ts';
import { sync } from './sync.ts';
import { listImages } from './list.ts';
import type { KernelState } from './state.ts';
import type { ImageInfo, KernelEvent } from './types.ts';

/** What changes in the registry, by whatever process, until `signal` aborts. Only images inside the caller's own. */
export async function* events(state: KernelState, signal?: Abort): AsyncGenerator<KernelEvent> {
  const wakeup = new Wakeup();
  using _watch = state.substrate.watch(wakeup.poke);
  signal?.addEventListener('abort', wakeup.poke);
  try {
    let before = await seen(state);
    while (!isAborted(signal)) {
      await wakeup.wait();
      if (isAborted(signal)) return;
      const after = await seen(state);
      yield* difference(before, after);
      before = after;
    }
  } finally {
    signal?.removeEventListener('abort', wakeup.poke);
  }
}

/** An image and what of it makes an event when it changes. */
interface Seen {
  readonly info: ImageInfo;
  readonly content: string;
}

function seen(state: KernelState): Promise<ReadonlyMap<string, Seen>> {
  return state.mutex.run(async () => {
    state.checkOpen();
    await sync(state);
    const byName = new Map([...state.records].map(([image, record]) => [String(image.serial), JSON.stringify(record.pairs)]));
    return new Map(listImages(state, { dying: true }).map((info) => [info.serial === '' ? info.name : info.serial, { info, content: byName.get(info.serial) ?? '' }]));
  });
}

function* difference(before: ReadonlyMap<string, Seen>, after: ReadonlyMap<string, Seen>): Generator<KernelEvent> {
  for (const [key, { info }] of before) if (!after.has(key)) yield event('removed', info);
  for (const [key, now] of after) {
    const was = before.get(key);
    if (was === undefined) yield event(typeOf(now.info, 'created'), now.info);
    else if (typeOf(was.info, 'created') !== typeOf(now.info, 'created')) yield event(typeOf(now.info, 'changed'), now.info);
    else if (was.content !== now.content) yield event('changed', now.info);
  }
}

/** What happened to an image that is in this state by now. What others make inside is not looked at. */
function typeOf({ state }: ImageInfo, alive: 'created' | 'changed'): KernelEvent['type'] {
  switch (state) {
    case 'live': case 'inside': case 'starting': case 'unstarted': return alive;
    default: return state;
  }
}

function event(type: KernelEvent['type'], { name, serial }: ImageInfo): KernelEvent {
  return { type, name, serial };
}

/** Resolves when the image is gone by name, or when no process lives in it, or when aborted. ESRCH when it is not there to begin with. */
export async function waitFor(state: KernelState, name: string, what: 'gone' | 'empty', signal?: Abort): Promise<void> {
  const wakeup = new Wakeup();
  using _watch = state.substrate.watch(wakeup.poke);
  signal?.addEventListener('abort', wakeup.poke);
  try {
    const image = await state.mutex.run(async () => {
      await sync(state);
      return visible(state, name);
    });
    for (;;) {
      await wakeup.wait();
      if (isAborted(signal)) return;
      const record = await state.mutex.run(async () => {
        await sync(state);
        return image.state === 'dying' ? undefined : state.records.get(image);
      });
      if (record === undefined) return;
      if (what === 'gone') continue;
      if ((await state.substrate.processes(record)).length === 0) return;
      void state.substrate.emptied(record).then(wakeup.poke);
    }
  } finally {
    signal?.removeEventListener('abort', wakeup.poke);
  }
}
