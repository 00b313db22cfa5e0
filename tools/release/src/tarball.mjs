import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';

/** Unpacks a tarball of npm's into a folder: its files with their modes, and its manifest. */
export async function unpack(tarball, into) {
  mkdirSync(into, { recursive: true });
  await run('tar', ['xzf', tarball, '--strip-components=1', '-C', into]);
  const { stdout } = await run('tar', ['tvzf', tarball]);
  const files = new Map(stdout.trim().split('\n').map((line) => {
    const [mode, , size, , , ...name] = line.split(/\s+/);
    return [name.join(' ').replace(/^package\//, ''), { mode, size: Number(size) }];
  }));
  return { dir: into, files, manifest: JSON.parse(readFileSync(path.join(into, 'package.json'), 'utf8')) };
}
