import path from 'node:path';
import { beforeEach } from 'vitest';
import { all, whyNot } from './applies.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** In the single build: what does not apply is skipped. */
beforeEach(({ task, skip }) => {
  const why = whyNot(path.relative(root, task.file.filepath), task.name);
  if (why !== undefined && !all) skip(why);
});
