/** Calls of native code; all of them go through here. */
export { default as koffi } from 'koffi';
