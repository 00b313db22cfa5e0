// A fresh process: reads of credentials and slots against reads of plain objects. Prints one JSON object: costs by side.
import { InstanceRef, ImageTree, cimg, crget } from '@vimage/core';
import { rounds, loop } from './loop.mjs';

// More objects than registers, few enough that all lie in the nearest cache: an image is larger than a plain object, and it is the code
// that is compared, not the cache.
const count = 64;
const instances = ['net', 'proc'].map((name, number) => new InstanceRef(number, { name }, `${name} of img0`));
const tree = new ImageTree({ components: ['net', 'proc'], instances });
const images = [];
const creds = [];
const plain = [];
const plainImages = [];
for (let i = 0; i < count; i++) {
  const slot = new InstanceRef(0, { i }, `net ${i}`);
  const image = tree.add({ parent: tree.img0, name: `n${i}`, serial: BigInt(i + 1), slots: new Map([[0, { kind: 'own', instance: slot }]]) });
  images.push(image);
  creds.push(crget({ uid: 0, gid: 0, image }));
  plainImages.push({ name: `p${i}`, v: { i }, n: i });
  plain.push({ image: plainImages[i], uid: 0, gid: 0 });
}

// One function for each side: each has inline caches of its own, which see one shape only.
function readCimg(list, want) {
  let found = 0;
  for (let i = 0; i < list.length; i++) if (cimg(list[i]) === want) found += i;
  return found;
}
function readPlain(list, want) {
  let found = 0;
  for (let i = 0; i < list.length; i++) if (list[i].image === want) found += i;
  return found;
}
function readSlot(list, want) {
  let found = 0;
  for (let i = 0; i < list.length; i++) if (list[i].v_net === want) found += i;
  return found;
}
function readPlainSlot(list, want) {
  let found = 0;
  for (let i = 0; i < list.length; i++) if (list[i].v === want) found += i;
  return found;
}
function readBoth(list, want) {
  let found = 0;
  for (let i = 0; i < list.length; i++) if (cimg(list[i]).v_net === want) found += i;
  return found;
}
function readPlainBoth(list, want) {
  let found = 0;
  for (let i = 0; i < list.length; i++) if (list[i].image.v === want) found += i;
  return found;
}

const at = count - 7;
const sides = {
  cimg: () => readCimg(creds, images[at]),
  plainCred: () => readPlain(plain, plainImages[at]),
  slot: () => readSlot(images, images[at].v_net),
  plainSlot: () => readPlainSlot(plainImages, plainImages[at].v),
  both: () => readBoth(creds, images[at].v_net),
  plainBoth: () => readPlainBoth(plain, plainImages[at].v),
};
console.log(JSON.stringify(loop(sides, at, { rounds, times: 16000 })));
