import { readdirSync } from 'node:fs';
import path from 'node:path';
import { workspace } from './world.ts';

/** Every page that users read, below the workspace. */
export const pages: readonly string[] = ['', 'docs'].flatMap((dir) => readdirSync(path.join(workspace, dir)).filter((name) => name.endsWith('.md')).sort().map((name) => path.join(dir, name)));
