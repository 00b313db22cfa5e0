import childProcess from 'node:child_process';
import dns from 'node:dns';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Told of a call of Node's own that changes a file, starts a program or asks for a name, before it is made: `fs.writeFileSync`, and the path where there is one. */
export type NodeHook = (name: string, path: string | undefined) => void;

const files = /^(?:writeFile|appendFile|mkdir|mkdtemp|rm|rmdir|unlink|rename|symlink|link|chmod|chown|lchown|truncate|copyFile|cp|utimes|lutimes|createWriteStream)(?:Sync)?$/;
const watched: readonly (readonly [module: string, object: object, methods: RegExp])[] = [
  ['fs', fs, files],
  ['fs.promises', fs.promises, files],
  ['child_process', childProcess, /^(?:spawn|exec|execFile|fork)(?:Sync)?$/],
  ['dns', dns, /^(?:lookup|resolve\w*|reverse)$/],
  ['dns.promises', dns.promises, /^(?:lookup|resolve\w*|reverse)$/],
];

/** Has Node's modules tell of what they are asked for until what is returned is called. Whoever has imported them meets that too. */
export function watchNode(hook: NodeHook): () => void {
  const undo: (() => void)[] = [];
  for (const [module, object, methods] of watched) {
    for (const method of Object.keys(object).filter((name) => methods.test(name))) {
      const original: unknown = Reflect.get(object, method);
      if (typeof original !== 'function') continue;
      // Where something is renamed, linked or copied, the name it gets.
      const at = /^(?:rename|symlink|link|copyFile|cp)(?:Sync)?$/.test(method) ? 1 : 0;
      Reflect.set(object, method, function told(this: unknown, ...args: readonly unknown[]): unknown {
        const path = args[at];
        hook(`${module}.${method}`, module.startsWith('fs') && (typeof path === 'string' || path instanceof URL) ? String(path) : undefined);
        return Reflect.apply(original, this, args);
      });
      undo.push(() => void Reflect.set(object, method, original));
    }
  }
  syncBuiltinESMExports();
  return () => {
    for (const each of undo) each();
    syncBuiltinESMExports();
  };
}
