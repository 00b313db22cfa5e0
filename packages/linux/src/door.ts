import { channel } from 'node:diagnostics_channel';

/** Told of every act on the machine before it is done; `index` counts from 0 since the hook was set. What it throws, the act throws. */
export type DoorHook = (name: string, index: number) => void;

/** One act, as published on the diagnostics channel `vimage:call` (only while somebody listens). */
export interface DoorMessage {
  readonly name: string;
}

const calls = channel('vimage:call');
let hook: DoorHook | undefined;
let count = 0;

/** Sets, or takes away, the one hook of this process (of this thread, in a worker). */
export function onCall(next: DoorHook | undefined): void {
  hook = next;
  count = 0;
}

/** Every act that changes anything outside this process goes through here. */
export function door<T>(name: string, act: () => T): T {
  if (hook !== undefined) hook(name, count++);
  if (calls.hasSubscribers) calls.publish({ name } satisfies DoorMessage);
  return act();
}
