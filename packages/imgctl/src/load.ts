import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkDeclaration, interfaceVersion, type AnyComponent } from '@vimage/core';
import type { Found, Warning } from './discover.ts';
import { shareLibraries } from './one-copy.ts';

/** Milliseconds in which a package's code has to have run. */
const loadTime = 5000;

/** Runs a package's code and takes its component out of it. What cannot be used is a warning, never a failure of imgctl. */
export async function load(found: Found, time: number = loadTime): Promise<AnyComponent | Warning> {
  const out = (code: string, why: string): Warning => ({
    code,
    component: found.component,
    message: `component "${found.component}" of ${found.package} is left out: ${why}`,
  });
  if (found.interface !== interfaceVersion) {
    return out('EOPNOTSUPP', `it wants interface ${found.interface}, this imgctl has ${interfaceVersion}`);
  }
  let module: unknown;
  try {
    shareLibraries(found.directory);
    module = await inTime(import(pathToFileURL(entryOf(found.directory)).href), time);
  } catch (error) {
    return out('EIO', `it failed when loaded: ${firstLine(error)}`);
  }
  if (module === late) return out('ETIMEDOUT', `it was not loaded within ${time / 1000} s`);
  try {
    const component: unknown = Reflect.get(Object(module), found.export);
    if (!isComponent(component)) return out('ENOENT', `it has no export "${found.export}"`);
    if (component.name !== found.component) return out('EINVAL', `its code names itself ${JSON.stringify(component.name) ?? 'nothing'}`);
    if (component.interface !== interfaceVersion) {
      return out('EOPNOTSUPP', `its code wants interface ${String(component.interface)}, this imgctl has ${interfaceVersion}`);
    }
    if (typeof component.params !== 'object' || component.params === null) return out('EINVAL', 'it declares no parameters');
    checkDeclaration(component);
    return component;
  } catch (error) {
    return out('EINVAL', firstLine(error));
  }
}

const late = Symbol('late');

/** What a promise gives, or `late`. */
async function inTime<T>(given: Promise<T>, ms: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([given, new Promise<typeof late>((resolve) => { timer = setTimeout(resolve, ms, late); })]);
  } finally {
    clearTimeout(timer);
  }
}

/** As far as that can be told here: `checkDeclaration` says the rest. */
function isComponent(value: unknown): value is AnyComponent {
  return typeof value === 'object' && value !== null;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}

/** The file that `import` of a package means, from its package.json; node has no public way to ask for another place's. */
export function entryOf(directory: string): string {
  const { exports, main } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as { exports?: unknown; main?: unknown };
  const conditions = new Set(['node', 'import', 'module-sync', 'default', ...ownConditions()]);
  const pick = (target: unknown): string | undefined => {
    if (typeof target === 'string') return target;
    if (Array.isArray(target)) return target.map(pick).find((each) => each !== undefined);
    if (typeof target !== 'object' || target === null) return undefined;
    for (const [condition, inner] of Object.entries(target)) {
      const chosen = conditions.has(condition) ? pick(inner) : undefined;
      if (chosen !== undefined) return chosen;
    }
    return undefined;
  };
  const root = typeof exports === 'object' && exports !== null && '.' in exports ? exports['.'] : exports;
  const target = pick(root) ?? (typeof main === 'string' ? main : 'index.js');
  return path.resolve(directory, target);
}

/** Export conditions that node itself was started with. */
function ownConditions(): readonly string[] {
  const args = process.execArgv;
  return args.flatMap((arg, i) => {
    if (arg.startsWith('--conditions=')) return [arg.slice('--conditions='.length)];
    return (arg === '--conditions' || arg === '-C') && args[i + 1] !== undefined ? [args[i + 1] ?? ''] : [];
  });
}
