export { jail } from './component.ts';
export { jailParams, type JailParams, type JailValues } from './params.ts';
export type { JailAddress } from './address.ts';
export type { Mount } from './fstab.ts';
export type { Prison } from './prison.ts';
export { diskSource } from './conf/disk.ts';
export { readJailConf } from './conf/read.ts';
export type { ConfJail, ConfParam, ConfPlace, ConfSource } from './conf/types.ts';
export { readJailFile } from './convert/file.ts';
