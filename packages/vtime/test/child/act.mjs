// Run by tests: one thing is done with an image of its own of `time` (argv: n, verb, name, words...).
import { act } from '../../../linux/test/child/act.mjs';
import { time } from '../../dist/index.js';

await act(time);
