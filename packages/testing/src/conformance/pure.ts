import assert from 'node:assert/strict';
import { codeOf } from '@vimage/core';
import type { AnyComponent } from '@vimage/core';
import { onCall } from '@vimage/linux/door';
import { machine } from '../leaks.ts';
import type { Examples } from './examples.ts';
import { watchNode } from './node.ts';
import { onSite, nothingLeft } from './site.ts';

/** To plan an image, or to be refused one, does nothing on the machine. */
export function pure(examples: Examples): Promise<void> {
  const said: string[] = [];
  return onSite({ ...examples, component: watching(examples.component, said) }, async (site) => {
    await site.kernel.list();
    const before = machine();
    for (const words of examples.good) {
      await without(() => site.kernel.plan(site.pairs(site.name(), words)));
      assert.deepEqual(said, [], `check() and implied() are pure: of "${words.join(' ')}" they do something`);
    }
    for (const { words, code } of examples.bad) {
      const pairs = site.pairs(site.name(), words);
      const refused: unknown = await without(() => site.kernel.plan(pairs)).then(() => undefined, (error: unknown) => error);
      assert.deepEqual(said, [], `check() and implied() are pure: of "${words.join(' ')}" they do something`);
      assert.equal(codeOf(refused), code, `${words.join(' ')}: ${refused instanceof Error ? refused.message : 'was not refused by plan'}`);
      await assert.rejects(site.kernel.create(pairs), { code });
    }
    await nothingLeft(before, 'what was refused');
  });
}

/** The component, of which it is noted what Node is asked for while it checks. */
function watching(component: AnyComponent, said: string[]): AnyComponent {
  const noted = <T>(fn: () => T): T => {
    const stop = watchNode((name, path) => { said.push(path === undefined ? name : `${name} ${path}`); });
    try {
      return fn();
    } finally {
      stop();
    }
  };
  const { check, implied } = component;
  return {
    ...component,
    ...(check && { check: (cx) => noted(() => check.call(component, cx)) }),
    ...(implied && { implied: (cx) => noted(() => implied.call(component, cx)) }),
  };
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
