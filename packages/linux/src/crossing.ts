import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';
import { VimageError } from '@vimage/core';
import type { SpawnRequest } from '@vimage/core';
import { asOurselves } from './boundary/store.ts';
import { door } from './door.ts';
import { environment, imgexecCall } from './imgexec.ts';
import type { Launcher } from './launcher.ts';
import type { Named } from './machine.ts';
import { openPath, withNs } from './ns.ts';
import type { Namespace } from './ns.ts';
import type { Pinner } from './pinner.ts';
import { startImgexec } from './process/launched.ts';
import { actingOn } from './registry/entry.ts';
import type { Entry, Join } from './registry/entry.ts';

/** Types of namespaces that a running Node can be in for the time of a call; a pid namespace is for the children only. */
const types: ReadonlySet<string> = new Set(['net', 'uts', 'ipc', 'cgroup', 'pid']);

/**
 * The namespaces in which a program that acts on an image is started, where that takes nothing else: then this process starts it
 * itself, between two crossings. Undefined: it is imgexec's to do (a mount view, another user, a terminal, ...).
 */
function crossing({ joins, bounds }: Entry, request: SpawnRequest): readonly Join[] | undefined {
  const { effective, view, only, user, tty, detach, dieWithParent, report } = request;
  if (!effective || view !== false || user !== undefined || tty === true || detach === true || dieWithParent === true || report !== undefined) return undefined;
  if (!only.every((name) => joins.some(({ component }) => component === name))) return undefined;
  const applies = actingOn(only.length > 0 ? only : undefined);
  if (bounds.some(applies)) return undefined;
  const chosen = joins.filter(applies);
  const possible = chosen.every(({ type }) => types.has(type) && (type !== 'pid' || isMainThread));
  return possible ? chosen : undefined;
}

/** Opens the pins of a crossing; the caller closes them. ESTALE: one is not what was pinned. */
export function openJoins(joins: readonly Join[], pathOf: (pin: string) => string): readonly Namespace[] {
  const opened: Namespace[] = [];
  try {
    for (const { type, pin, ino, id } of joins) {
      const ns = openPath(pathOf(pin), type);
      opened.push(ns);
      if (!ns.is({ type, ino, id })) {
        throw new VimageError('ESTALE', `${pin} is not the namespace that was pinned`, { subject: pin, hint: 'imgctl gc cleans up' });
      }
    }
    return opened;
  } catch (error) {
    for (const ns of opened) ns.close();
    throw error;
  }
}

/** Where what it takes is got, when it is. */
export interface StartHost {
  plan(): Entry | undefined;
  pinner(): Pinner;
  launcher(): Launcher | undefined;
}

function three(stdio: StdioOptions): Exclude<StdioOptions, string> {
  return typeof stdio === 'string' ? [stdio, stdio, stdio] : [stdio[0], stdio[1], stdio[2]];
}

/** Starts a program in an image, or on it: by imgexec, or, where that is all it takes, between two crossings. */
export function startProgram(
  image: Named, request: SpawnRequest, stdio: StdioOptions, from: StartHost,
): ChildProcess {
  const plan = request.view === false ? from.plan() : undefined;
  const joins = plan === undefined ? undefined : crossing(plan, request);
  if (joins === undefined) {
    const { args, env } = imgexecCall(image.name, request, image.serial);
    const { effective, detach, tty, report } = request;
    if (report !== undefined) return startImgexec({ args: ['--report-fd', '3', ...args], env }, [...three(stdio), report], undefined);
    const plain = effective || detach === true || tty === true;
    return startImgexec({ args, env }, stdio, plain ? undefined : from.launcher());
  }
  const { command, args, cwd } = request;
  const options = { env: environment(request), stdio, ...(cwd === undefined ? {} : { cwd }) };
  const pinner = from.pinner();
  const namespaces = openJoins(joins, (pin) => pinner.pathOf(pin));
  try {
    return withNs(namespaces, () => door('spawn', () => asOurselves(() => spawn(command, [...args], options))));
  } finally {
    for (const ns of namespaces) ns.close();
  }
}
