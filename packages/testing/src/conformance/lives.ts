import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import type { EntryStep, ImageHandle, Pairs } from '@vimage/core';
import type { Examples, Words } from './examples.ts';
import { onSite, bootWith, nothingLeft, output, runs } from './site.ts';

/** What `get` says, given to `create`, makes the same image again. */
export function roundTrip(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    for (const words of examples.good) {
      const before = await site.stock();
      const image = await site.make(words);
      const pairs = await image.get();
      const looked = await site.looks(image);
      const name = site.name();
      await image.destroy({ grace: 0 });
      const again = await site.kernel.create(pairs.map(([key, value]) => [key, key === 'name' ? name : value] as const));
      assert.deepEqual(unnamed(await again.get()), unnamed(pairs), `${words.join(' ')}: what get says makes another image`);
      assert.equal(await site.looks(again), looked, `${words.join(' ')}: what get says makes an image that looks otherwise`);
      const list = await again.refs();
      // This kernel has it, and its own descriptors.
      assert.deepEqual(list.filter(({ pid, kind }) => pid !== process.pid && kind !== 'cred'), [], 'something refers to an image in which nobody lives');
      assert.deepEqual((await again.destroy({ grace: 0 })).dying, [], 'something still refers to it');
      await nothingLeft(before, words.join(' '));
    }
  });
}

/** Another process finds it again: enters it, changes it, removes it. */
export function found(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    for (const { from, to } of examples.changes.length > 0 ? examples.changes : examples.good.map((words) => ({ from: words, to: words }))) {
      const before = await site.stock();
      const image = await site.make(from, ['persist', 'true']);
      {
        await using other = await bootWith(examples);
        const its = await other.lookup(image.name);
        assert.deepEqual(await its.get(), await image.get());
        await its.slot(examples.component.name);
        if (examples.changes.length > 0) {
          await other.set(image.name, ['vir', examples.component.name, ...to]);
          assert.deepEqual(await image.get(), await its.get(), 'what one has changed the other knows');
        }
        assert.equal(await site.looks(its), await site.looksAnew(await its.get()), 'what another process finds, and has changed, looks otherwise than what is made so');
        await runs(its, false);
        await other.destroy(image.name, { grace: 0 });
      }
      assert.equal((await site.kernel.list()).some(({ name }) => name === image.name), false);
      await nothingLeft(before, `${from.join(' ')}, removed by another`);
    }
  });
}

/** Programs run in it and on it, and stand where its entry says; what each image has is its own. */
export function entered(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    const plain = await site.plain();
    const without = await site.looks(plain);
    const [words = []] = examples.good;
    const first = await site.make(words);
    const looked = await site.looks(first);
    let told = false;
    for (const words of examples.good) {
      const before = await site.stock();
      const image = await site.make(words);
      const instance = await image.slot(examples.component.name);
      const view = { name: image.name, serial: image.serial, persist: false };
      const steps = examples.component.entry(instance, { image: view, home: '', delegated: false, held: () => undefined });
      assert.ok(steps.length === 0 || examples.looks !== undefined, 'a program takes steps to enter it, and none was given that looks at what it has then: looks');
      told ||= (await site.looks(image)) !== without;
      for (const way of ['live', 'effective'] as const) {
        await runs(image, way === 'effective');
        for (const step of steps) await joined(image, step, way);
      }
      await image.destroy({ grace: 0 });
      await nothingLeft(before, `${words.join(' ')}, entered`);
    }
    assert.ok(told || examples.looks === undefined, `a program in it sees what one sees without it: ${String(without)}`);
    assert.equal(await site.looks(first), looked, 'another image has changed what it has');
    for (const each of [first, plain]) await each.destroy({ grace: 0 });
  });
}

/** A program that is run this way stands in the namespace that the step joins, and that is not the machine's. */
async function joined(image: ImageHandle, { verb, args, mode, ask = false }: EntryStep, way: 'live' | 'effective'): Promise<void> {
  const given = new Map(args);
  const [type, ino] = [given.get('type'), given.get('ino')];
  if (verb !== 'join' || (mode ?? way) !== way || ask || type === undefined || ino === undefined || type === 'mnt') return;
  const namespace = `${type}:[${ino}]`;
  assert.notEqual(namespace, readlinkSync(`/proc/self/ns/${type}`), `its entry joins the ${type} namespace of the machine`);
  assert.equal(await output(image, ['readlink', `/proc/self/ns/${type}`], way === 'effective'), `${namespace}\n`, `a program ${way === 'live' ? 'in' : 'on'} it stands in another ${type} namespace`);
}

/** Another image may share it, and has it when its maker is gone; or it says why not. */
export function shared(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    const [words = []] = examples.good;
    const before = await site.stock();
    const maker = await site.make(words);
    const share = (): Promise<ImageHandle> => site.kernel.create(['name', site.name(), ...(examples.before ?? []), 'vir', examples.component.name, 'share', maker.name]);
    if (examples.component.unshared !== undefined) {
      await assert.rejects(share(), { code: 'EOPNOTSUPP' });
      await maker.destroy({ grace: 0 });
    } else {
      const sharer = await share().catch((error: unknown) => error);
      // What the image has beside it may stand in the way, and then says so.
      if (sharer instanceof Error) assert.match(codeOf(sharer) ?? '', /^E[A-Z]+$/, `${sharer.message}: refused without a code`);
      const looked = await site.looks(maker);
      await maker.destroy({ grace: 0 });
      if (isHandle(sharer)) {
        await runs(sharer, false);
        assert.equal(await site.looks(sharer, maker.name), looked, 'who shares it has something else');
        await sharer.destroy({ grace: 0 });
      }
    }
    await site.kernel.gc();
    await nothingLeft(before, 'sharing it');
  });
}

/** A child is never less restricted than its parent, when it is made and when it is changed. */
export function monotone(examples: Examples): Promise<void> {
  return onSite(examples, async (site) => {
    for (const { parent, child } of examples.exceeds ?? []) {
      const before = await site.stock();
      const outer = await site.make(parent, ['children.max', '2']);
      const inner = (words: Words): string[] => site.pairs(`${outer.name}.c`, words);
      await assert.rejects(site.kernel.create(inner(child)), { code: 'EPERM' }, `${child.join(' ')} inside of ${parent.join(' ')}`);
      // Where a child can have a section of its own at all.
      const same = await site.kernel.create(inner(parent)).catch((error: unknown) => error);
      if (isHandle(same)) await assert.rejects(same.set(['vir', examples.component.name, ...child]), (error) => ['EPERM', 'EINVAL', 'EOPNOTSUPP'].includes(codeOf(error) ?? ''), 'set gave a child more than its parent has');
      await outer.destroy({ grace: 0 });
      await nothingLeft(before, `${child.join(' ')} inside of ${parent.join(' ')}`);
    }
  });
}

function isHandle(value: unknown): value is ImageHandle {
  return typeof value === 'object' && value !== null && 'spawn' in value;
}

function unnamed(pairs: Pairs): Pairs {
  return pairs.filter(([key]) => key !== 'name');
}
