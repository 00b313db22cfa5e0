import type { OuterProbe, Probe } from './probe.ts';
import type { Wall } from './walls.ts';

const inner = (name: string, lines: readonly number[], walls: readonly Wall[], tries: string): Probe => ({ name, lines, walls, tries });

/** Probes that are all in imgprobe. */
export const innerProbes: readonly Probe[] = [
  inner('tiocsti', [1], ['filter'], 'to type into a terminal'),
  inner('tiocsti-high', [1], ['filter'], 'the same, with an argument of 64 bits'),
  inner('tioclinux', [1], ['filter'], 'TIOCLINUX on a terminal'),
  inner('tioclinux-high', [1], ['filter'], 'the same, with an argument of 64 bits'),
  inner('session', [1], ['entry'], 'to be in the caller’s session'),
];

/** Probes with a half outside. */
export const outerProbes: readonly OuterProbe[] = [];
