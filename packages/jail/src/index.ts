export { jail } from './component.ts';
export { jailParams, type JailParams, type JailValues } from './params.ts';
export type { JailAddress } from './address.ts';
export type { Mount } from './fstab.ts';
export type { Prison } from './prison.ts';
