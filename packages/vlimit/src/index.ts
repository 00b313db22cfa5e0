export { vlimit } from './component.ts';
export { limited, vlimitParams } from './params.ts';
export type { Limited, PerProcess } from './params.ts';
export type { Place, Places, Vlimit } from './vlimit.ts';
