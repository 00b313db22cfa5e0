// A fresh process, bundled with the condition vimage-single (bundled.mjs): a credential's slot against a property of a plain object. Prints one JSON object: costs by side.
import { boot, cimg, crget, defineComponent } from '@vimage/core';
import { linux } from '@vimage/linux';
import { rounds, loop } from './loop.mjs';

const instance = { i: 1 };
const net = defineComponent({ name: 'net', interface: 1, describe: 'a thing to read', params: {}, root: () => instance, create: () => instance, save: () => [], restore: () => instance, entry: () => [] });
const kernel = await boot({ substrate: linux(), components: [net] });
const img0 = await kernel.lookup('img0');
await img0.slot('net');

const count = 64;
const cred = crget({ uid: 0, gid: 0 });
// A property that has changed once, as a slot has: one that never did is no read at all, as it is compiled.
const plain = { name: 'img0', v: undefined };
plain.v = instance;

// One function for each side: each has inline caches of its own, which see one shape only.
function readSingle(want) {
  let found = 0;
  for (let i = 0; i < count; i++) if (cimg(cred).v_net === want) found += i;
  return found;
}
function readPlain(want) {
  let found = 0;
  for (let i = 0; i < count; i++) if (plain.v === want) found += i;
  return found;
}

const sides = { single: () => readSingle(instance), plainSingle: () => readPlain(instance) };
console.log(JSON.stringify(loop(sides, (count * (count - 1)) / 2, { rounds, times: 16000 })));
await kernel.close();
