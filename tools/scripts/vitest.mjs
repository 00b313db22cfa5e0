// vitest, in a room of its own where there can be one.
import { inRoom, refusal } from '@vimage/room';
import { bin, run } from './lib.mjs';

const words = [bin('vitest'), ...process.argv.slice(2)];
process.exitCode = refusal() === undefined ? await inRoom(words, { pids: true }) : run(words[0], words.slice(1));
