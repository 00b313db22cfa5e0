import type { ParamType, type } from '@vimage/core';

type ValueOf<T> = T extends ParamType<infer V> ? V : never;

/** An address with the length of its network's prefix. */
export type Cidr = ValueOf<ReturnType<typeof type.cidr>>;

/** A port of the parent, and the image's port that it leads to. */
export type PortMap = ValueOf<ReturnType<typeof type.portMap>>;
