export { MemoryMachine, MemorySubstrate } from './memory.ts';
export { toyComponent, toyParams, type Toy } from './toy.ts';
export { conformance } from './conformance/conformance.ts';
export type { ConformanceCheck, Examples, Words } from './conformance/examples.ts';
export { failEachAct, type Failing } from './failing.ts';
