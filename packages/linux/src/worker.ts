import { fileURLToPath } from 'node:url';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { givenKey, isGiven } from './boundary/given.ts';
import { placeWorker } from './boundary/place-worker.ts';

// Loaded by --require in each worker that is started in an image's context, before all else. A worker that such a one starts elsewhere inherits that, and is left alone.
const given: unknown = getEnvironmentData(givenKey);
if (isGiven(given)) {
  setEnvironmentData(givenKey, undefined);
  process.execArgv.splice(0, Infinity, ...given.execArgv);
  placeWorker(given);
} else if (process.execArgv[0] === '--require' && process.execArgv[1] === fileURLToPath(import.meta.url)) process.execArgv.splice(0, 2);
