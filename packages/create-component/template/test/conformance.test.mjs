import test from 'node:test';
import { conformance } from '@vimage/testing';
import { __name__ } from '../dist/index.js';

const checks = conformance({
  component: __name__,
  // Prints what an image has of it; by this the checks know what it is.
  looks: ['hostname'],
  good: [[], ['hostname', 'www.example']],
  bad: [{ words: ['hostname', 'a b'], code: 'EINVAL' }],
  changes: [{ from: ['hostname', 'one'], to: ['hostname', 'two'] }],
});
for (const { name, run } of checks) test(name, run);
