export { test, it, type Fixtures } from './test.ts';
export { inImage } from './in-image.ts';
export { type Network } from './network.ts';
export { cut, heal, type Side } from './partition.ts';
export { missing } from './missing.ts';
