import { existsSync, readFileSync, realpathSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolve } from './hooks.ts';

/** What a component and who loads it must have in common: what the one makes the other knows by its class. */
const shared = ['@vimage/core', '@vimage/linux'] as const;

const own: ReadonlyMap<string, string | undefined> = new Map(shared.map((name) => [name, copyFor(path.dirname(fileURLToPath(import.meta.url)), name)]));

let sharing = false;

/**
 * Has a component that came with copies of these libraries use ours instead, as it does after `npm install --global` of each package for itself; and one that came
 * without what it asks for, as with an installer that leaves peers to the user, or linked from elsewhere. Whether they go together its interface number says.
 */
export function shareLibraries(directory: string): void {
  if (sharing || shared.every((name) => hasOurs(directory, name))) return;
  sharing = true;
  const urls = Object.fromEntries(shared.map((name) => [name, import.meta.resolve(name)]));
  // Since Node 22.15; before that, hooks have a thread of their own.
  const registerHooks: unknown = Reflect.get(module, 'registerHooks');
  if (typeof registerHooks === 'function') Reflect.apply(registerHooks, module, [{ resolve: resolve(urls) }]);
  else module.register(new URL('./hooks-thread.js', import.meta.url), { data: urls });
}

function hasOurs(directory: string, name: string): boolean {
  const copy = copyFor(directory, name);
  return copy === undefined ? !readFileSync(path.join(directory, 'package.json'), 'utf8').includes(`"${name}"`) : copy === own.get(name);
}

/** The folder of a package as it is found from another. */
function copyFor(directory: string, name: string): string | undefined {
  for (let at = directory; ; at = path.dirname(at)) {
    const candidate = path.join(at, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return realpathSync(candidate);
    if (at === path.dirname(at)) return undefined;
  }
}
