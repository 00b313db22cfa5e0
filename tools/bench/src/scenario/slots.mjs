import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, faster } from '../harness/bound.mjs';
import { bundledSingle } from '../harness/bundled.mjs';
import { must } from '../harness/machine.mjs';

const program = (name) => path.join(path.dirname(fileURLToPath(import.meta.url)), '../micro', name);
const micro = (file, rounds) => JSON.parse(must(process.execPath, [file, String(rounds)]));

export default {
  name: 'slots',
  rounds: 60,
  root: false,
  rows: {
    cimg: { what: '`cimg(cred)`', against: 'a plain property read', bound: atMost(1.2) },
    slot: { what: 'a slot read', against: 'a plain property read', bound: atMost(1.2) },
    both: { what: '`cimg(cred)` and a slot read', against: 'two plain property reads', bound: atMost(1.2) },
    single: { what: '`cimg(cred)` and a slot read, built without images (`vimage-single`)', against: 'a plain property read', bound: atMost(1.1) },
    walk: { what: '`isInside` at depth 8', against: 'a parent walk', bound: faster(1) },
    flat: { what: '`isInside` at depth 8', against: 'itself at depth 1', bound: atMost(1.1) },
  },
  async run({ rounds }) {
    const reads = micro(program('slots.mjs'), rounds);
    const single = await bundledSingle(program('slots-single.mjs'), (file) => micro(file, rounds));
    const inside = micro(program('inside.mjs'), rounds);
    return {
      cimg: [reads.cimg, reads.plainCred],
      slot: [reads.slot, reads.plainSlot],
      both: [reads.both, reads.plainBoth],
      single: [single.single, single.plainSingle],
      walk: [inside.deep, inside.walk],
      flat: [inside.deep, inside.shallow],
    };
  },
};
