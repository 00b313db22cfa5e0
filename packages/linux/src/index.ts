export { SysError } from './sys/error.ts';
export { Namespace, create, exists, openPath, openSelf, withNs } from './ns.ts';
export type { OwnNsType } from './ns.ts';
export type { NsType } from './abi/ns.ts';
