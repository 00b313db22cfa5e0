import assert from 'node:assert/strict';
import { codeOf } from '@vimage/core';
import { onCall } from '@vimage/linux/door';
import { machine } from '../leaks.ts';
import type { Examples } from './examples.ts';
import { onSite, nothingLeft } from './site.ts';

/** To plan an image, or to be refused one, does nothing on the machine. */
export function pure(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    await site.kernel.list();
    const before = machine();
    for (const words of examples.good) {
      await without(() => site.kernel.plan(site.pairs(site.name(), words)));
    }
    for (const { words, code } of examples.bad) {
      const pairs = site.pairs(site.name(), words);
      const said: unknown = await without(() => site.kernel.plan(pairs)).then(() => undefined, (error: unknown) => error);
      assert.equal(codeOf(said), code, `${words.join(' ')}: ${said instanceof Error ? said.message : 'was not refused by plan'}`);
      await assert.rejects(site.kernel.create(pairs), { code });
    }
    await nothingLeft(before, 'what was refused');
  });
}

/** Runs `fn`, in which an act on the machine is an error. */
async function without<T>(fn: () => Promise<T>): Promise<T> {
  const acts: string[] = [];
  onCall((name) => { acts.push(name); });
  try {
    return await fn();
  } finally {
    onCall(undefined);
    // The registry is looked at, and locked for that.
    assert.deepEqual(acts.filter((name) => !/^(open|flock|lock|stat|read)/.test(name)), [], 'check() is pure: it does nothing on the machine');
  }
}
