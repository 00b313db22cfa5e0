import { readdirSync } from 'node:fs';
import path from 'node:path';
import { workspace } from './world.ts';

const pagesIn = (dir: string): readonly string[] => readdirSync(path.join(workspace, dir)).filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md').sort().map((name) => path.join(dir, name));

/** What npm shows of each package; that of vitest is run by its own tests. */
const packages = readdirSync(path.join(workspace, 'packages')).sort().filter((name) => name !== 'vitest').flatMap((name) => pagesIn(path.join('packages', name)));

/** Every page that users read, below the workspace. */
export const pages: readonly string[] = [...pagesIn(''), ...pagesIn('docs'), ...packages];
