/** Characters of a file and everything it includes. */
export const inputLimit: number = 4 * 1024 * 1024;
/** Characters of the name of a jail, a parameter, a variable. */
export const nameLimit: number = 255;
/** Words, and variables in them, of a file and everything it includes. */
export const wordLimit: number = 256 * 1024;
/** Pieces of one word. */
export const referenceLimit: number = 16 * 1024;
/** Blocks within blocks, across included files. */
export const nestingLimit: number = 32;
/** Files including files, as jail(8). */
export const includeDepth: number = 32;
/** Files included in all. */
export const includeLimit: number = 1024;
/** Jails of one file, which is what img0 may have as children. */
export const jailLimit: number = 65535;
/** Statements, their values, and blocks looked at, for each jail that they may hold for, in all. */
export const mergeLimit: number = 512 * 1024;
/** Characters and values that the jails have in all. */
export const expansionLimit: number = 16 * 1024 * 1024;
/** Variables whose values have variables. */
export const variableDepth: number = 64;
