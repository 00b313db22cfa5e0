import type { CommandSpec } from '../spec.ts';
import { completion } from './completion.ts';
import { components } from './components.ts';
import { create } from './create.ts';
import { destroy } from './destroy.ts';
import { down } from './down.ts';
import { events } from './events.ts';
import { exec } from './exec.ts';
import { gc } from './gc.ts';
import { get } from './get.ts';
import { graph } from './graph.ts';
import { kill } from './kill.ts';
import { ls } from './ls.ts';
import { params } from './params.ts';
import { ps } from './ps.ts';
import { refs } from './refs.ts';
import { rootless } from './rootless.ts';
import { run } from './run.ts';
import { selftest } from './selftest.ts';
import { set } from './set.ts';
import { top } from './top.ts';
import { up } from './up.ts';
import { version } from './version.ts';
import { wait } from './wait.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly spec: CommandSpec;
}

/** Every command, in the order in which help lists them. */
export const commands: readonly CommandEntry[] = [
  { name: 'create', summary: 'make an image', spec: create },
  { name: 'set', summary: 'change an image', spec: set },
  { name: 'get', summary: 'print what an image was asked to be, as pairs', spec: get },
  { name: 'ls', summary: 'list images', spec: ls },
  { name: 'graph', summary: 'draw images, their slots and what they share', spec: graph },
  { name: 'destroy', summary: 'end what runs in an image and remove it, children first', spec: destroy },
  { name: 'exec', summary: 'run a command in an image, or (-e) acting on it from outside', spec: exec },
  { name: 'run', summary: 'make an image, run a command in it, remove it', spec: run },
  { name: 'ps', summary: 'list the processes that live in an image', spec: ps },
  { name: 'top', summary: 'show what images use of processor and memory, as it goes', spec: top },
  { name: 'kill', summary: 'signal a process of an image, or all of them', spec: kill },
  { name: 'refs', summary: 'say what keeps an image alive', spec: refs },
  { name: 'wait', summary: 'wait until an image is gone or empty', spec: wait },
  { name: 'events', summary: 'print changes as they happen', spec: events },
  { name: 'params', summary: 'list the parameters there are', spec: params },
  { name: 'components', summary: 'list the components there are', spec: components },
  { name: 'up', summary: 'make the images of a file, or change what differs', spec: up },
  { name: 'down', summary: 'remove the images of a file', spec: down },
  { name: 'gc', summary: 'undo what killed processes left behind', spec: gc },
  { name: 'selftest', summary: 'try to get out of an image, on this kernel', spec: selftest },
  { name: 'rootless', summary: 'run a program in your own namespaces, where your images are', spec: rootless },
  { name: 'version', summary: 'print versions, and what this machine offers', spec: version },
  { name: 'completion', summary: 'print the completion script of a shell', spec: completion },
];
