import type { CommandSpec } from '../spec.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Only the command that is asked for is loaded. */
  readonly load: () => Promise<CommandSpec>;
}

/** Every command, in the order in which help lists them. */
export const commands: readonly CommandEntry[] = [
  { name: 'create', summary: 'make an image', load: async () => (await import('./create.ts')).create },
  { name: 'set', summary: 'change an image', load: async () => (await import('./set.ts')).set },
  { name: 'get', summary: 'print what an image was asked to be, as pairs', load: async () => (await import('./get.ts')).get },
  { name: 'ls', summary: 'list images', load: async () => (await import('./ls.ts')).ls },
  { name: 'destroy', summary: 'end what runs in an image and remove it, children first', load: async () => (await import('./destroy.ts')).destroy },
  { name: 'exec', summary: 'run a command in an image, or (-e) acting on it from outside', load: async () => (await import('./exec.ts')).exec },
  { name: 'run', summary: 'make an image, run a command in it, remove it', load: async () => (await import('./run.ts')).run },
  { name: 'ps', summary: 'list the processes that live in an image', load: async () => (await import('./ps.ts')).ps },
  { name: 'kill', summary: 'signal a process of an image, or all of them', load: async () => (await import('./kill.ts')).kill },
  { name: 'refs', summary: 'say what keeps an image alive', load: async () => (await import('./refs.ts')).refs },
  { name: 'wait', summary: 'wait until an image is gone or empty', load: async () => (await import('./wait.ts')).wait },
  { name: 'events', summary: 'print changes as they happen', load: async () => (await import('./events.ts')).events },
  { name: 'params', summary: 'list the parameters there are', load: async () => (await import('./params.ts')).params },
  { name: 'components', summary: 'list the components there are', load: async () => (await import('./components.ts')).components },
  { name: 'up', summary: 'make the images of a file, or change what differs', load: async () => (await import('./up.ts')).up },
  { name: 'down', summary: 'remove the images of a file', load: async () => (await import('./down.ts')).down },
  { name: 'gc', summary: 'undo what killed processes left behind', load: async () => (await import('./gc.ts')).gc },
  { name: 'version', summary: 'print versions, and what this machine offers', load: async () => (await import('./version.ts')).version },
  { name: 'completion', summary: 'print the completion script of a shell', load: async () => (await import('./completion.ts')).completion },
];
