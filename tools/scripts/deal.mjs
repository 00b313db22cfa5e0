import { BaseSequencer } from 'vitest/node';

/** About how many seconds the longest take, by what their path has in it; what is not here: 6 of a root test, 1 of another. */
const long = {
  'e2e/test/docs.root': 125, 'release/test/install': 123, 'boundary/test/programs': 108, 'e2e/test/uplink-edges': 108, 'vnet/test/kill.root': 97, 'release/test/versions': 93,
  'e2e/test/inside-full': 80, 'e2e/test/killed-destroy': 80, 'e2e/test/uplink.root': 78, 'e2e/test/killed-create': 70, 'vitest/test/suites': 45, 'linux/test/imgexec.root': 39,
  'e2e/test/inside.root': 38, 'e2e/test/rootless.root': 38, 'e2e/test/killed-imgexec': 34, 'e2e/test/many': 28, 'e2e/test/faults': 26, 'e2e/test/selftest': 23, 'e2e/test/opening': 21,
  'e2e/test/lost': 20, 'release/test/packages': 18, 'testing/test/conformance': 18, 'linux/test/kill.root': 18, 'e2e/test/effective': 16, 'jail/test/killed': 16, 'e2e/test/damaged': 16,
};

function weight(moduleId) {
  const known = Object.keys(long).find((part) => moduleId.includes(part));
  return known === undefined ? (moduleId.includes('.root.') ? 6 : 1) : long[known];
}

/** Deals the files to the shards, the longest first, each to the shard that has the least so far. */
export class Dealer extends BaseSequencer {
  async shard(files) {
    const { index, count } = this.ctx.config.shard;
    const hands = Array.from({ length: count }, () => ({ weight: 0, files: [] }));
    for (const file of [...files].sort((a, b) => weight(b.moduleId) - weight(a.moduleId) || (a.moduleId < b.moduleId ? -1 : 1))) {
      const hand = hands.reduce((least, each) => (each.weight < least.weight ? each : least));
      hand.files.push(file);
      hand.weight += weight(file.moduleId);
    }
    return hands[index - 1].files;
  }
}
