export { ipc } from './component.ts';
export { vipcParams } from './params.ts';
export type { SysctlKey } from './sysctl.ts';
export type { Vipc } from './vipc.ts';
