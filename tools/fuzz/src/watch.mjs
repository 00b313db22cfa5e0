import { Worker } from 'node:worker_threads';

/**
 * Runs the worker to its end: `kept`, `percent` and, if asked for, the `least` corpus, or `why` and the `input` that failed; `count` is how many inputs there were. It is taken for hanging
 * after `hang` milliseconds without a new input; `memory` is how many MiB the target may have on its heap.
 */
export function watch(data, { hang = 20_000, memory = 256 } = {}) {
  const shared = new SharedArrayBuffer(8 + 2 * 1024 * 1024);
  const counts = new Int32Array(shared, 0, 2);
  const input = () => [...new Uint16Array(shared, 8, counts[1])].map((code) => String.fromCharCode(code)).join('');
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { ...data, shared }, resourceLimits: { maxOldGenerationSizeMb: memory } });
  return new Promise((resolve) => {
    let seen = -1;
    const timer = setInterval(() => {
      if (seen === counts[0]) fail(`hangs for ${hang / 1000} s`);
      seen = counts[0];
    }, hang);
    const end = (result) => {
      clearInterval(timer);
      resolve({ count: counts[0], ...result });
    };
    const fail = (why) => {
      end({ why, input: input() });
      void worker.terminate();
    };
    worker.on('message', end);
    worker.on('error', (error) => fail(error?.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `needs more than ${memory} MiB` : (error?.stack ?? String(error))));
  });
}
