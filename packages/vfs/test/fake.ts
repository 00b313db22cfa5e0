import type { EntryStep } from '@vimage/core';
import type { Kind, Look } from '../src/plan/look.ts';

/** A host as a list: `/a/b` is a file, `/a/c/` an empty directory, `/a/l -> target` a link; directories on the way are there. */
export function fake(...lines: readonly string[]): Look {
  const kinds = new Map<string, Kind>([['/', 'dir']]);
  const targets = new Map<string, string>();
  for (const line of lines) {
    const [, name = line, target] = /^(.*) -> (.*)$/.exec(line) ?? [];
    const path = name.replace(/\/$/, '');
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) kinds.set(path.slice(0, at), 'dir');
    kinds.set(path, target !== undefined ? 'link' : name.endsWith('/') ? 'dir' : 'file');
    if (target !== undefined) targets.set(path, target);
  }
  return {
    kind: (path) => kinds.get(path),
    list: (dir) => [...kinds.keys()].filter((path) => path !== '/' && path.slice(0, Math.max(1, path.lastIndexOf('/'))) === dir).map((path) => path.slice(path.lastIndexOf('/') + 1)).sort(),
    target: (link) => targets.get(link) ?? '',
  };
}

/** A step as one line: `bind from=/a to=/b`. */
export function lines(steps: readonly EntryStep[]): readonly string[] {
  return steps.map(({ verb, args }) => [verb, ...args.map(([key, value]) => `${key}=${value}`)].join(' '));
}
