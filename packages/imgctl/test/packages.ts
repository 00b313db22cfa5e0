import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A scratch directory that goes away with the test. */
export class Scratch implements Disposable {
  readonly root: string = realpathSync(mkdtempSync(path.join(tmpdir(), 'imgctl-')));

  constructor() {
    chmodSync(this.root, 0o755);
  }

  path(...parts: readonly string[]): string {
    return path.join(this.root, ...parts);
  }

  /** Writes a component package and returns its directory. */
  package(at: string, field: unknown, code: string, more: object = {}): string {
    const directory = this.path(at);
    mkdirSync(directory, { recursive: true });
    const manifest = { name: path.basename(directory), version: '1.2.3', type: 'module', exports: './index.js', ...(field === undefined ? {} : { vimage: field }), ...more };
    writeFileSync(path.join(directory, 'package.json'), JSON.stringify(manifest));
    writeFileSync(path.join(directory, 'index.js'), code);
    return directory;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A component as someone outside would write it, needing nothing. */
export function componentCode(name: string, more: { readonly interface?: number; readonly exported?: string } = {}): string {
  return `
const word = (kind, extra = {}) => ({ kind, expected: 'a word', schema: { type: 'string' }, print: (v) => v, is: (v) => typeof v === 'string',
  parse(text) { if (text === '') throw Object.assign(new Error('expected a word'), { code: 'EINVAL' }); return text; }, ...extra });
const number = (kind, extra = {}) => word(kind, { parse(text) { if (!/^[0-9.]+$/.test(text)) throw Object.assign(new Error('expected a number'), { code: 'EINVAL' }); return text; }, ...extra });
const one = (type, options) => ({ type, multi: false, split: false, ...options });
const many = (type, options) => ({ type, multi: true, split: true, ...options });
export const ${more.exported ?? 'it'} = {
  name: ${JSON.stringify(name)}, interface: ${more.interface ?? 1}, describe: 'a component of a test',
  params: {
    colour: one(word('enum', { candidates: ['red', 'green'] }), { access: 'rw', describe: 'what it looks like', example: 'red' }),
    made: one(word('string'), { access: 'create', describe: 'given once', example: 'yes' }),
    seen: one(word('string'), { access: 'ro', describe: 'only shown', example: 'no' }),
    friend: one(word('image', { source: 'image' }), { access: 'rw', describe: 'another image', example: 'web' }),
    at: one(number('address'), { access: 'rw', describe: 'where', example: '10.0.0.1' }),
    via: many(word('ifname=address', { parse(text) { if (!/^[a-z0-9]+=[0-9.]+$/.test(text)) throw Object.assign(new Error('no'), { code: 'EINVAL' }); return text; } }),
      { access: 'rw', describe: 'by which way', example: 'a=10.0.0.1' }),
  },
  root: () => ({}), create: () => ({}), set: () => undefined, save: () => [], restore: () => ({}), entry: () => [],
};
`;
}

export const field = (component: string, exported = 'it', version = 1): object => ({ component, export: exported, interface: version });
