export { vpriv } from './component.ts';
export { vprivParams } from './params.ts';
export type { Vpriv } from './vpriv.ts';
export type { Switch, SwitchSpec } from './data/switches.ts';
export { switchTable, switches } from './data/switches.ts';
