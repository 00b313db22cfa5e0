import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, faster } from '../harness/bound.mjs';
import { must } from '../harness/machine.mjs';

const micro = (name, rounds) => JSON.parse(must(process.execPath, [path.join(path.dirname(fileURLToPath(import.meta.url)), '../micro', name), String(rounds)]));

export default {
  name: 'slots',
  rounds: 60,
  root: false,
  rows: {
    cimg: { what: '`cimg(cred)`', against: 'a plain property read', bound: atMost(1.2) },
    slot: { what: 'a slot read', against: 'a plain property read', bound: atMost(1.2) },
    both: { what: '`cimg(cred)` and a slot read', against: 'two plain property reads', bound: atMost(1.2) },
    walk: { what: '`isInside` at depth 8', against: 'a parent walk', bound: faster(1) },
    flat: { what: '`isInside` at depth 8', against: 'itself at depth 1', bound: atMost(1.1) },
  },
  run({ rounds }) {
    const reads = micro('slots.mjs', rounds);
    const inside = micro('inside.mjs', rounds);
    return {
      cimg: [reads.cimg, reads.plainCred],
      slot: [reads.slot, reads.plainSlot],
      both: [reads.both, reads.plainBoth],
      walk: [inside.deep, inside.walk],
      flat: [inside.deep, inside.shallow],
    };
  },
};
