export { vproc } from './component.ts';
export { vprocParams } from './params.ts';
export type { Pinned, Vproc } from './vproc.ts';
