export { vfs } from './component.ts';
export { vfsParams } from './params.ts';
export type { VfsParams, VfsValues } from './params.ts';
export type { Given, Tmpfs } from './params/given.ts';
export type { Root } from './params/root.ts';
export type { Vfs } from './vfs.ts';
export { fsPlan } from './plan/plan.ts';
export type { Look, Kind } from './plan/look.ts';
export type { RootAt, Wanted } from './plan/wanted.ts';
