import assert from 'node:assert/strict';
import type { Pairs } from '@vimage/core';
import { failEachAct } from '../failing.ts';
import type { Examples } from './examples.ts';
import { onSite, nothingLeft } from './site.ts';

/** Whatever act of create fails, nothing is left, or the image stands, whole. */
export function undoCreate(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    for (const words of examples.good) {
      const before = await site.stock();
      await eachFailing(async (fails) => {
        const name = site.name();
        const made = await fails(() => site.kernel.create(site.pairs(name, words)));
        if ((await site.kernel.list()).some((image) => image.name === name)) {
          await site.kernel.get(name);
          await site.kernel.destroy(name, { grace: 0 });
        }
        await site.kernel.gc();
        await nothingLeft(before, `create, failing at ${made}`);
      });
    }
  });
}

/** Whatever act of set fails, the image is as it was. */
export function undoSet(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    for (const { from, to } of examples.changes) {
      const before = await site.stock();
      let changed: string | undefined;
      await eachFailing(async (fails) => {
        const image = await site.make(from);
        const was = await image.get();
        const looked = await site.looks(image);
        let after: Pairs | undefined;
        const at = await fails(async () => { await site.kernel.set(image.name, ['vir', examples.component.name, ...to]); after = await image.get(); });
        if (after === undefined) {
          assert.deepEqual(await image.get(), was, `set, failing at ${at}, changed what it says of itself`);
          assert.equal(await site.looks(image), looked, `set, failing at ${at}, changed what it is`);
        }
        // It can be changed all the same.
        await site.kernel.set(image.name, ['vir', examples.component.name, ...to]);
        changed ??= await site.looksAnew(await image.get());
        assert.equal(await site.looks(image), changed, `what was changed, after set had failed at ${at}, looks otherwise than what is made so`);
        assert.ok(changed === undefined || changed !== looked, `nothing is seen of the change from "${from.join(' ')}" to "${to.join(' ')}": ${String(looked)}`);
        await image.destroy({ grace: 0 });
        await site.kernel.gc();
        await nothingLeft(before, `set, failing at ${at}`);
      });
    }
  });
}

/** Whatever act of destroy fails, asking again finishes it. */
export function undoDestroy(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    for (const words of examples.good) {
      const before = await site.stock();
      await eachFailing(async (fails) => {
        const image = await site.make(words);
        const at = await fails(() => site.kernel.destroy(image.name, { grace: 0 }));
        if ((await site.kernel.list()).some(({ name }) => name === image.name)) await site.kernel.destroy(image.name, { grace: 0 });
        await site.kernel.gc();
        assert.deepEqual((await site.kernel.list({ dying: true })).filter(({ name }) => name === image.name), [], `destroy, failing at ${at}, could not be finished`);
        await nothingLeft(before, `destroy, failing at ${at}`);
      });
    }
  });
}

/** The same, where nothing fails by itself; which act failed, as words. */
function eachFailing(round: (fails: (act: () => Promise<unknown>) => Promise<string>) => Promise<void>): Promise<number> {
  return failEachAct((fails) => round(async (change) => {
    const { act, error } = await fails(change);
    if (act === undefined) assert.equal(error, undefined, 'it fails by itself');
    return act === undefined ? 'no act' : `act ${act}`;
  }));
}
