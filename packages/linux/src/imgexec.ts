import { accessSync, constants } from 'node:fs';
import { VimageError } from '@vimage/core';
import type { SpawnRequest } from '@vimage/core';
import { carrier, programIn } from './prebuilt.ts';

const path: string = programIn('imgexec');
let found = false;

/** Where imgexec is, whatever the environment says. ENOENT: it is not there. */
export function imgexecPath(): string {
  if (!found) {
    try {
      accessSync(path, constants.X_OK);
      found = true;
    } catch (cause) {
      throw new VimageError('ENOENT', `${path}: imgexec is not there`, {
        subject: path,
        hint: `install ${carrier}, which npm leaves out with --omit=optional; in the sources of vimage, build it: node packages/linux/imgexec/build.mjs (it takes a C compiler)`,
        cause,
      });
    }
  }
  return path;
}

/** How imgexec is called. */
export interface ImgexecCall {
  /** Without argv[0]. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What imgexec is called with, to run `request` in (or, effective, on) the image `name`; with `serial`, only if it is that one. The environment goes as environment:
 * everyone may read an argument.
 */
export function imgexecCall(name: string, request: SpawnRequest, serial?: bigint): ImgexecCall {
  const args: string[] = serial === undefined ? [] : ['--serial', String(serial)];
  if (request.effective) args.push('-e');
  if (request.only.length > 0) {
    if (!request.effective) throw new VimageError('EINVAL', '"only" is for an effective image', { subject: 'only', hint: 'add effective: true (-e)' });
    args.push('--only', request.only.join(','));
  }
  if (request.view === false) {
    if (!request.effective) throw new VimageError('EINVAL', 'who lives in an image has its mount view', { subject: 'view', hint: 'leave "view" out, or add effective: true (-e)' });
    args.push('--no-view');
  }
  if (request.detach === true) args.push('-d');
  return finished([...args, ...howArgs(request), name], request);
}

/** The same, in an image for this command only, of a plan. EOPNOTSUPP: it goes on by itself, or acts on an image. */
export function onceCall(plan: readonly string[], request: SpawnRequest): ImgexecCall {
  if (request.detach === true || request.effective) throw new VimageError('EOPNOTSUPP', 'what lives in an image for one command neither goes on by itself nor acts on it from outside', { hint: 'create an image, and spawn in that' });
  return finished(['--once', String(plan.length), ...howArgs(request), ...plan], request);
}

/** As whom, where, and how it is started. */
function howArgs({ user, cwd, tty, dieWithParent }: SpawnRequest): readonly string[] {
  return [
    ...(user === undefined ? [] : ['-u', user]),
    ...(cwd === undefined ? [] : ['--cwd', cwd]),
    ...(tty === undefined ? [] : [tty ? '-t' : '-T']),
    ...(dieWithParent === true ? ['--die-with-parent'] : []),
  ];
}

function finished(args: readonly string[], request: SpawnRequest): ImgexecCall {
  const all = [...args, '--', request.command, ...request.args];
  for (const text of all) {
    if (text.includes('\0')) throw new VimageError('EINVAL', 'an argument holds a NUL', { subject: JSON.stringify(text) });
  }
  return { args: all, env: environment(request) };
}

const cleanPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of a program that is started. EINVAL. */
export function environment(request: SpawnRequest): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  const kept = request.cleanEnv === true ? ['TERM', 'XDG_RUNTIME_DIR'] : Object.keys(process.env);
  if (request.cleanEnv === true) env['PATH'] = cleanPath;
  for (const key of kept) {
    const value = process.env[key];
    if (value !== undefined) env[key] = value;
  }
  for (const [key, value] of Object.entries(request.env ?? {})) {
    if (key === '' || /[=\0]/.test(key) || value.includes('\0')) throw new VimageError('EINVAL', `${JSON.stringify(key)} cannot be in an environment`, { subject: key });
    env[key] = value;
  }
  return env;
}
