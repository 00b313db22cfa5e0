import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { birth } from './boundary/birth.ts';
import { givenKey, isGiven } from './boundary/given.ts';

// Loaded by --require in each worker that is started in an image's context, before all else; and, doing nothing, in what inherits that.
const given: unknown = getEnvironmentData(givenKey);
if (isGiven(given)) {
  setEnvironmentData(givenKey, undefined);
  process.execArgv.splice(0, 2);
  birth(given);
}
