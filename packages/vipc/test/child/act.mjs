// Run by tests: one thing is done with an image of its own of `ipc` (argv: n, verb, name, words...).
import { act } from '../../../linux/test/child/act.mjs';
import { ipc } from '../../dist/index.js';

await act(ipc, { tidy: true });
