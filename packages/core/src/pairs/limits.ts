/** Bytes of a key. */
export const keyLimit: number = 256;
/** Bytes of a value. */
export const valueLimit: number = 4096;
/** Pairs of one call, one image or one plan. */
export const pairsLimit: number = 4096;
/** Bytes of pairs as they are encoded. */
export const encodedLimit: number = 1024 * 1024;
