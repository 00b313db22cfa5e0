import { BaseSequencer } from 'vitest/node';

/** Deals the files to the shards in turn: those that kill at every act and that of the documents, which take longest, then the other root tests, then the rest. */
export class Dealer extends BaseSequencer {
  async shard(files) {
    const { index, count } = this.ctx.config.shard;
    const weight = ({ moduleId }) => (/\/(kill|many|docs\.root)/.test(moduleId) ? 2 : moduleId.includes('.root.') ? 1 : 0);
    const sorted = [...files].sort((a, b) => weight(b) - weight(a) || (a.moduleId < b.moduleId ? -1 : 1));
    return sorted.filter((_, i) => i % count === index - 1);
  }
}
