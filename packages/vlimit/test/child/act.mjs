// Run by tests: one thing is done with an image of its own of `limit` (argv: n, verb, name, words...).
import { act } from '../../../linux/test/child/act.mjs';
import { vlimit } from '../../dist/index.js';

await act(vlimit, { tidy: true });
