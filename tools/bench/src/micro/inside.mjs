// A fresh process: isInside by mask against a walk up the parents, at depth 8 and at depth 1. Prints costs by side.
import { InstanceRef, ImageTree, isInside } from '@vimage/core';
import { rounds, loop } from './loop.mjs';

const depth = 8;
const tree = new ImageTree({ components: ['net'], instances: [new InstanceRef(0, {}, 'net of img0')] });
let serial = 0n;
const add = (parent, name) => tree.add({ parent, name, serial: ++serial, childrenMax: 31 });

// Chains of 8 images below each of two: every leaf is asked about its own top and about the other, so half the answers are no.
const tops = [add(tree.img0, 'a'), add(tree.img0, 'b')];
const shallow = [];
const deep = [];
for (let i = 0; i < 24; i++) {
  let image = add(tops[i % 2], `c${i}`);
  shallow.push(image);
  for (let level = 1; level < depth; level++) image = add(image, `d${level}`);
  deep.push(image);
}
if (deep.some((image) => image.depth !== depth + 1) || shallow.some((image) => image.depth !== 2)) throw new Error('a tree of another depth');

function walk(image, top) {
  for (let up = image; up !== undefined; up = up.parent) if (up === top) return true;
  return false;
}
function maskDeep(list, top) {
  let n = 0;
  for (let i = 0; i < list.length; i++) if (isInside(list[i], top)) n += i + 1;
  return n;
}
function maskShallow(list, top) {
  let n = 0;
  for (let i = 0; i < list.length; i++) if (isInside(list[i], top)) n += i + 1;
  return n;
}
function walkDeep(list, top) {
  let n = 0;
  for (let i = 0; i < list.length; i++) if (walk(list[i], top)) n += i + 1;
  return n;
}

let expected = 0;
for (let i = 0; i < deep.length; i += 2) expected += i + 1;
const sides = {
  deep: () => maskDeep(deep, tops[0]),
  walk: () => walkDeep(deep, tops[0]),
  shallow: () => maskShallow(shallow, tops[0]),
};
console.log(JSON.stringify(loop(sides, expected, { rounds, times: 40000 })));
