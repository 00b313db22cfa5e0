import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { VimageError, interfaceVersion } from '@vimage/core';

const packageDir = fileURLToPath(new URL('..', import.meta.url));
const template = path.join(packageDir, 'template');

/** What is made. */
export interface NewComponent {
  /** The word after `vir`: a small letter, then small letters and digits, 16 at most. */
  readonly name: string;
  /** A folder that is not there, or empty. */
  readonly directory: string;
}

/** Writes the package of a new component, which builds and passes its checks as it is; the files that were written. EINVAL: no such name; EEXIST: something is there. */
export function createComponent({ name, directory }: NewComponent): readonly string[] {
  checkName(name);
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new VimageError('EEXIST', `${directory} is not empty`, { subject: directory, hint: 'name another folder' });
  }
  const files = new Map<string, string>([['package.json', manifest(name)]]);
  for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = path.join(entry.parentPath, entry.name);
    // npm leaves out what is called .gitignore.
    files.set(path.relative(template, from).replace(/^gitignore$/, '.gitignore'), readFileSync(from, 'utf8').replaceAll('__name__', name).replaceAll('__Type__', typeOf(name)));
  }
  for (const [file, text] of files) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text, { flag: 'wx' });
  }
  return [...files.keys()].sort();
}

function checkName(name: string): void {
  if (/^[a-z][a-z0-9]{0,15}$/.test(name) && !reserved.has(name)) return;
  throw new VimageError('EINVAL', `"${name}" cannot be the name of a component`, {
    subject: name, hint: 'a small letter, then small letters and digits, at most 16; the word that people will write after "vir"; not a word of JavaScript',
  });
}

/** Words that the program could not use as a name. */
const reserved: ReadonlySet<string> = new Set([
  'await', 'break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default', 'delete', 'do', 'else', 'enum', 'export', 'extends', 'false', 'finally', 'for', 'function', 'if',
  'implements', 'import', 'in', 'instanceof', 'interface', 'let', 'new', 'null', 'package', 'private', 'protected', 'public', 'return', 'static', 'super', 'switch', 'this', 'throw', 'true',
  'try', 'typeof', 'var', 'void', 'while', 'with', 'yield',
  // What the template itself has.
  'made', 'cx', 'param', 'type', 'create', 'rename', 'test', 'checks', 'run', 'conformance',
]);

function typeOf(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

function manifest(name: string): string {
  const dependencies = (...names: readonly string[]): Record<string, string> => Object.fromEntries(names.map((each) => [each, versionOf(each)]));
  return `${JSON.stringify({
    name: `vimage-${name}`,
    version: '0.1.0',
    description: `vir ${name}, a component for vimage.`,
    type: 'module',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist'],
    scripts: { build: 'tsc', test: 'node --test' },
    // The one copy that whoever loads it has, too.
    peerDependencies: Object.fromEntries(['@vimage/core', '@vimage/linux'].map((each) => [each, since(versionOf(each))])),
    devDependencies: { '@types/node': '>=20', ...dependencies('@vimage/core', '@vimage/imgctl', '@vimage/linux', '@vimage/testing'), typescript: '>=5.9' },
    vimage: { component: name, export: name, interface: interfaceVersion },
  }, undefined, 2)}\n`;
}

/** A version and what follows, before the next major one: whether the interface is still the same is asked when it is loaded. */
function since(version: string): string {
  const found = /^[\^~]?((\d+)\.\d+\.\d+.*)$/.exec(version);
  return found === null ? version : `>=${found[1]} <${Number(found[2]) + 1}.0.0`;
}

/** The versions that this one goes with: those that it was released with. */
function versionOf(name: string): string {
  const own: unknown = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
  for (const kind of ['dependencies', 'devDependencies']) {
    const version: unknown = Reflect.get(Object(Reflect.get(Object(own), kind)), name);
    if (typeof version === 'string' && !version.startsWith('workspace:')) return version;
  }
  return '*';
}
