import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

/** What each of `programs` says in the single build. */
export const says = {
  core: '1',
  linux: '{"same":true,"ran":7,"created":"EOPNOTSUPP","looked":"ESRCH"}',
  components: '{"user":"EOPNOTSUPP","net":"EOPNOTSUPP","proc":"object"}',
} as const;

export type Program = keyof typeof says;
export const all: readonly Program[] = ['core', 'linux', 'components'];

/** The versions of Node that are tried. */
export const nodes: readonly (readonly [version: string, program: string])[] = ['20', '22', '24'].map((version) => [version, path.join(root, `tools/boundary/node_modules/node-${version}/bin/node`)]);
