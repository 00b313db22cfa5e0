import test from 'node:test';
import { conformance } from '@vimage/testing';
import { __name__ } from '../dist/index.js';

const checks = conformance({
  component: __name__,
  good: [[], ['hostname', 'www.example']],
  bad: [{ words: ['hostname', 'a b'], code: 'EINVAL' }],
  changes: [{ from: ['hostname', 'one'], to: ['hostname', 'two'] }],
});
for (const { name, run } of checks) test(name, run);
