import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { alternate, timed } from '../harness/alternate.mjs';
import { atMost, faster } from '../harness/bound.mjs';
import { components } from '../harness/box.mjs';
import { withKernel } from '../harness/library.mjs';
import { Missing, ended, program } from '../harness/machine.mjs';

const project = '/tmp/bench-project';
const against = '`@anthropic-ai/sandbox-runtime`, the same files to read, to write and denied, no network';

/** A project with a few hundred files, some of which nobody is to read. */
function makeProject() {
  for (let i = 0; i < 40; i++) {
    mkdirSync(`${project}/packages/p${i}/src`, { recursive: true });
    for (let n = 0; n < 5; n++) writeFileSync(`${project}/packages/p${i}/src/${n}.ts`, '');
    writeFileSync(`${project}/packages/p${i}/.env`, 'SECRET=1');
  }
  for (const dir of ['secrets', 'config']) {
    mkdirSync(`${project}/${dir}`);
    for (let i = 0; i < 10; i++) writeFileSync(`${project}/${dir}/key-${i}.pem`, '');
  }
}

/** In two directories of the project, or in each of forty. */
const few = (count) => Array.from({ length: count }, (_, i) => `${project}/${i % 2 === 0 ? 'secrets' : 'config'}/*-${i}.pem`);
const wide = (count) => Array.from({ length: count }, (_, i) => `${project}/packages/*/secret${i}.pem`);

/** The peer, told a policy; the text of a shell command that runs another under it. */
async function peer() {
  for (const needed of ['bwrap', 'socat', 'rg']) program(needed);
  try {
    return (await import('@anthropic-ai/sandbox-runtime')).SandboxManager;
  } catch (error) {
    throw new Missing(`not installed: ${error.message.split('\n')[0]}`);
  }
}

const wideWhy = 'what is denied stays so for names that come later: each directory where they could is frozen, entry by entry; the peer denies what is there at the start';

const policy = (deny) => ({ network: { allowedDomains: [], deniedDomains: [] }, filesystem: { denyRead: deny, allowWrite: [project], denyWrite: [] } });
const spec = (deny) => ({ fs: { root: 'host', bind: [project], ...(deny.length === 0 ? {} : { deny }) }, net: {}, proc: {}, user: {}, priv: {} });

export default {
  name: 'sandbox-runtime',
  rounds: 15,
  rows: {
    plain: { what: 'run `true` in a sandbox: read all, write one project, no network; library', against, bound: faster(5) },
    globs15: { what: 'the same with 15 globs denied, in two directories', against, bound: faster(5) },
    globs40: { what: 'the same with 40 globs denied, in two directories', against, bound: faster(5) },
    flat: { what: 'with 40 globs denied', against: 'itself with 15', bound: atMost(1.2) },
    wide: { what: 'the same with 40 globs denied that can match in forty directories', against, bound: faster(5), why: wideWhy },
  },
  async run({ rounds }) {
    const command = program('true');
    const manager = await peer();
    makeProject();
    return withKernel(async (kernel) => {
      const ours = (deny) => () => timed(async () => {
        const { child, gone } = await kernel.once(spec(deny), command, [], { stdio: 'ignore' });
        await ended(child);
        await gone;
      });
      const costs = {};
      const fifteen = ours(few(15));
      try {
        for (const [name, deny] of [['plain', []], ['globs15', few(15)], ['globs40', few(40)], ['wide', wide(40)]]) {
          await manager.initialize(policy(deny));
          const theirs = () => timed(async () => ended(spawn(await manager.wrapWithSandbox(command), { shell: true, stdio: 'ignore' })));
          costs[name] = await alternate({ ours: ours(deny), theirs, fifteen }, { rounds, warmup: 2 });
          await manager.reset();
        }
      } finally {
        await manager.reset();
        rmSync(project, { recursive: true });
      }
      return {
        ...Object.fromEntries(Object.entries(costs).map(([name, { ours: a, theirs: b }]) => [name, [a, b]])),
        flat: [costs.globs40.ours, costs.globs40.fifteen],
      };
    }, await components());
  },
};
