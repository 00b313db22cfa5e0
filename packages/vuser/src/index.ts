export { vuser } from './component.ts';
export type { IdMap, IdRange } from './map.ts';
export { vuserParams } from './params.ts';
export type { Outside } from './params.ts';
export { Vuser } from './vuser.ts';
