/** Bytes of a file and everything it includes. */
export const fileLimit: number = 4 * 1024 * 1024;
/** Blocks within blocks, across included files. */
export const nestingLimit: number = 64;
/** Files including files. */
export const includeLimit: number = 16;
/** Files included in all. */
export const includesLimit: number = 1024;
/** Characters that variables may put in, in all. */
export const expansionLimit: number = 16 * 1024 * 1024;
