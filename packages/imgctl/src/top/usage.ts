import type { ProcessInfo } from '@vimage/core';

/** What was seen at one moment. */
export interface Sample {
  /** Milliseconds, of any clock that goes on evenly. */
  readonly at: number;
  readonly processes: ReadonlyMap<string, readonly ProcessInfo[]>;
}

/** What an image, or one process of it, uses. */
export interface Usage {
  readonly image: string;
  readonly processes: number;
  /** Percent of one processor, since the sample before; undefined where there is none. */
  readonly percent: number | undefined;
  /** Milliseconds of processor time of what lives there now. */
  readonly cpu: number;
  /** Bytes; what processes share counts for each. */
  readonly memory: number;
  readonly process?: ProcessInfo;
}

/** What each image used between two samples, the busiest first; `each`: what each process did. */
export function usage(before: Sample | undefined, now: Sample, each = false): readonly Usage[] {
  const earlier = new Map([...(before?.processes.values() ?? [])].flat().map((process) => [identity(process), process.cpu]));
  const elapsed = now.at - (before?.at ?? now.at);
  const percent = (processes: readonly ProcessInfo[]): number | undefined => {
    if (elapsed <= 0) return undefined;
    // One that was not there before has all of its time from between.
    const spent = processes.reduce((sum, process) => sum + process.cpu - (earlier.get(identity(process)) ?? 0), 0);
    return Math.max(0, (100 * spent) / elapsed);
  };
  const row = (image: string, processes: readonly ProcessInfo[]): Usage => ({
    image,
    processes: processes.length,
    percent: percent(processes),
    cpu: processes.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: processes.reduce((sum, { memory }) => sum + memory, 0),
  });
  const rows = [...now.processes].flatMap(([image, processes]) => (each ? processes.map((process) => ({ ...row(image, [process]), process })) : [row(image, processes)]));
  return rows.sort((a, b) => (b.percent ?? 0) - (a.percent ?? 0) || b.memory - a.memory || (a.image < b.image ? -1 : Number(a.image > b.image)) || (a.process?.pid ?? 0) - (b.process?.pid ?? 0));
}

function identity({ pid, start }: ProcessInfo): string {
  return `${pid} ${start}`;
}
