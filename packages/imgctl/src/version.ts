import { readFileSync } from 'node:fs';

/** imgctl's own version. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** Why this version of Node cannot run imgctl, by what `engines` says; undefined when it can. */
export function tooOld(node: string): string | undefined {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const runs = (major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major > 22;
  return runs ? undefined : `imgctl needs Node 20.19, 22.13 or later, and this is ${node}`;
}
