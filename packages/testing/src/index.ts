export { MemoryMachine, MemorySubstrate } from './memory.ts';
export { toyComponent, toyParams, type Toy } from './toy.ts';
