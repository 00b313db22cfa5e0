export { time } from './component.ts';
export { vtimeParams } from './params.ts';
export type { Vtime } from './vtime.ts';
