import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { startRegistry } from '../src/registry.mjs';
import { run } from '../src/run.mjs';

export type Registry = Awaited<ReturnType<typeof startRegistry>>;
type Ran = ReturnType<typeof run>;

/** An empty folder in which one installs from a registry, and then runs. */
export interface User {
  readonly dir: string;
  install(...names: string[]): Promise<void>;
  npm(...args: string[]): Ran;
  imgctl(...args: string[]): Ran;
  /** Names of what is installed, at any depth: twice what is there twice. */
  packages(): string[];
}

export function userIn(scratch: string, registry: Registry): User {
  const dir = mkdtempSync(path.join(scratch, 'user-'));
  writeFileSync(path.join(dir, 'package.json'), '{"name": "user", "private": true, "type": "module"}\n');
  const npm: User['npm'] = (...args) => run('npm', [...args, '--userconfig', registry.npmrc], { cwd: dir });
  return {
    dir,
    npm,
    install: async (...names) => { await npm('install', ...names); },
    imgctl: (...args) => run('npx', ['--no-install', 'imgctl', ...args], { cwd: dir }),
    packages: () => installedIn(dir).sort(),
  };
}

function installedIn(dir: string): string[] {
  const list = (at: string): string[] => (existsSync(at) ? readdirSync(at).filter((name) => !name.startsWith('.')) : []);
  const modules = path.join(dir, 'node_modules');
  const names = list(modules).flatMap((name) => (name.startsWith('@') ? list(path.join(modules, name)).map((inner) => `${name}/${inner}`) : [name]));
  return names.flatMap((name) => [name, ...installedIn(path.join(modules, name))]);
}
