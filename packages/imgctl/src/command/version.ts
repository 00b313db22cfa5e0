import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { ownVersion } from '../version.ts';
import type { CommandSpec } from '../spec.ts';

export const version: CommandSpec = {
  usage: [],
  operands: [],
  about: 'Nothing is started for it: a component package is named with its version even where it cannot be loaded.',
  examples: () => [
    { line: 'version', does: 'imgctl, node, the kernel and what it offers, the components found' },
    { line: 'version --json', does: 'for a bug report' },
  ],
  async run(cx) {
    const { found } = cx.discovery();
    const components = found.map((each) => ({ component: each.component, package: each.package, version: each.version }));
    const kernel = { release: release(), namespaces: namespaces(), cgroup: cgroup() };
    const document = { imgctl: ownVersion(), node: process.versions.node, kernel, components };
    cx.result(document, () => {
      const rows = [
        ['imgctl', document.imgctl],
        ['node', document.node],
        ['kernel', kernel.release],
        ['namespaces', kernel.namespaces.join(' ') || 'none'],
        ['cgroup', kernel.cgroup],
        ...components.map((each) => [each.component, `${each.package} ${each.version}`]),
      ] as const;
      const left = Math.max(...rows.map(([head = '']) => head.length));
      return rows.map(([head = '', text = '']) => `${head.padEnd(left)}  ${text}`);
    });
  },
};

/** Kinds of namespace that this kernel has, as its /proc names them. */
function namespaces(): readonly string[] {
  try {
    return readdirSync('/proc/self/ns').filter((kind) => !kind.endsWith('_for_children')).sort();
  } catch {
    return [];
  }
}

/** Which control groups a process is in here: v2, v1, both or none. */
function cgroup(): string {
  try {
    const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter((line) => line !== '');
    const v2 = lines.some((line) => line.startsWith('0::'));
    const v1 = lines.some((line) => !line.startsWith('0::'));
    return v1 && v2 ? 'v1 and v2' : v2 ? 'v2' : v1 ? 'v1' : 'none';
  } catch {
    return 'none';
  }
}
