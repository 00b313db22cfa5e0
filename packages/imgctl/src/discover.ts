import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { VimageError } from '@vimage/core';

/** A package that says that it carries a component. Nothing of it has run yet. */
export interface Found {
  readonly component: string;
  /** Name of the export that is the component. */
  readonly export: string;
  readonly interface: number;
  readonly package: string;
  readonly version: string;
  /** What files of another system are called that it reads, as the ends of their paths; `*` is any name. */
  readonly reads: readonly string[];
  /** Real path. */
  readonly directory: string;
}

export interface Warning {
  readonly code: string;
  readonly message: string;
  /** Component that is missing because of it. */
  readonly component?: string;
}

export interface Discovery {
  readonly found: readonly Found[];
  readonly warnings: readonly Warning[];
}

export interface Where {
  /** imgctl's own file, links resolved. */
  readonly self: string;
  /** The file that was executed, links not resolved. */
  readonly link: string | undefined;
  /** What `--component` named: looked at first. */
  readonly asked: readonly string[];
}

/** Where this program stands. */
export function here(asked: readonly string[]): Where {
  return { self: realpathSync(fileURLToPath(import.meta.url)), link: process.argv[1], asked };
}

/**
 * Finds components among the packages installed beside imgctl. The current folder is not looked at:
 * only what `--component` names can come from there.
 */
export function discover(where: Where): Discovery {
  const found = new Map<string, Found>();
  const warnings: Warning[] = [];
  const add = (each: Found | Warning | undefined): void => {
    if (each === undefined) return;
    if ('message' in each) {
      warnings.push(each);
      return;
    }
    const before = found.get(each.component);
    if (before === undefined) found.set(each.component, each);
    else if (before.directory !== each.directory) {
      warnings.push({
        code: 'EEXIST',
        message: `${each.directory} also carries the component "${each.component}"; ${before.directory} is used`,
      });
    }
  };
  const roots = moduleRoots(where);
  for (const name of where.asked) add(readPackage(askedDirectory(name, roots), true));
  const owners = trusted(where.self);
  for (const root of roots) {
    for (const directory of packagesIn(root, owners)) add(readPackage(directory, false));
  }
  return { found: [...found.values()], warnings };
}

/** The node_modules directories above imgctl itself and above the link that was executed, nearest first. */
function moduleRoots(where: Where): readonly string[] {
  const starts = [path.dirname(where.self), ...(where.link === undefined ? [] : [path.dirname(where.link)])];
  const roots = new Set<string>();
  for (const start of starts) {
    for (let at = path.resolve(start); ; at = path.dirname(at)) {
      roots.add(path.basename(at) === 'node_modules' ? at : path.join(at, 'node_modules'));
      if (at === path.dirname(at)) break;
    }
  }
  return [...roots];
}

/** Whether code in a directory may be run by us: it is ours, root's or imgctl's own owner's, and others cannot write there. */
function trusted(self: string): (stats: Stats) => boolean {
  const owners = new Set([0, process.geteuid?.() ?? 0, statSync(self).uid]);
  return (stats) => owners.has(stats.uid) && (stats.mode & 0o002) === 0;
}

function packagesIn(root: string, mayUse: (stats: Stats) => boolean): readonly string[] {
  const list = (directory: string): readonly string[] => {
    try {
      return mayUse(statSync(directory)) ? readdirSync(directory) : [];
    } catch {
      return [];
    }
  };
  const packages: string[] = [];
  for (const name of list(root)) {
    if (name.startsWith('.')) continue;
    const directory = path.join(root, name);
    if (!name.startsWith('@')) packages.push(directory);
    else for (const inner of list(directory)) packages.push(path.join(directory, inner));
  }
  return packages.filter((directory) => {
    try {
      return mayUse(statSync(directory));
    } catch {
      return false;
    }
  });
}

/** The directory that `--component` means: a path when it looks like one or there is one, else an installed package. */
function askedDirectory(name: string, roots: readonly string[]): string {
  const isDirectory = (directory: string): boolean => statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  const candidates = /^(?:\.{1,2}$|\.{0,2}\/)/.test(name) ? [path.resolve(name)] : [...roots.map((root) => path.join(root, name)), path.resolve(name)];
  const directory = candidates.find(isDirectory);
  if (directory !== undefined) return directory;
  throw new VimageError('ENOENT', `no package "${name}" for --component`, {
    subject: name,
    hint: 'give the directory of a package whose package.json has a "vimage" field, or the name of an installed package',
  });
}

/** What a package says of itself; undefined when it carries no component. */
function readPackage(directory: string, asked: boolean): Found | Warning | undefined {
  let text: string;
  try {
    text = readFileSync(path.join(directory, 'package.json'), 'utf8');
  } catch {
    if (asked) throw notOne(directory, 'it has no package.json');
    return undefined;
  }
  if (!text.includes('"vimage"')) {
    if (asked) throw notOne(directory, 'its package.json has no "vimage" field');
    return undefined;
  }
  try {
    const manifest = JSON.parse(text) as { name?: unknown; version?: unknown; vimage?: unknown };
    if (!isField(manifest.vimage)) {
      if (asked) throw notOne(directory, 'its "vimage" field has no "component", "export" and "interface"');
      return undefined;
    }
    return {
      component: manifest.vimage.component,
      export: manifest.vimage.export,
      interface: manifest.vimage.interface,
      package: typeof manifest.name === 'string' ? manifest.name : path.basename(directory),
      version: typeof manifest.version === 'string' ? manifest.version : '',
      reads: 'reads' in manifest.vimage && Array.isArray(manifest.vimage.reads) ? manifest.vimage.reads.filter((each) => typeof each === 'string') : [],
      directory: realpathSync(directory),
    };
  } catch (error) {
    if (asked) throw error instanceof VimageError ? error : notOne(directory, 'its package.json cannot be read', error);
    return { code: 'EBADMSG', message: `${directory}/package.json cannot be read and is left out` };
  }
}

function notOne(directory: string, why: string, cause?: unknown): VimageError {
  return new VimageError('EINVAL', `${directory} is no component package: ${why}`, {
    subject: directory,
    hint: 'package.json of a component has "vimage": {"component": NAME, "export": EXPORT, "interface": 1}',
    cause,
  });
}

function isField(field: unknown): field is { component: string; export: string; interface: number } {
  return typeof field === 'object' && field !== null
    && 'component' in field && typeof field.component === 'string'
    && 'export' in field && typeof field.export === 'string'
    && 'interface' in field && typeof field.interface === 'number';
}
