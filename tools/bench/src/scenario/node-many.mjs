import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { alternate } from '../harness/alternate.mjs';
import { faster } from '../harness/bound.mjs';
import { ended, must, program } from '../harness/machine.mjs';

const many = 200;
const few = 20;
const together = fileURLToPath(new URL('../micro/many.mjs', import.meta.url));
const script = fileURLToPath(new URL('../micro/server.mjs', import.meta.url));

/** Kilobytes of memory that are a process's own, shared ones by their share. */
const memory = (pid) => Number(/^Pss:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);

const inOne = () => JSON.parse(must(process.execPath, [together, String(many)]));

/** A network namespace with a Node for each. */
async function apart() {
  const ip = program('ip');
  const from = process.hrtime.bigint();
  const servers = [];
  for (let i = 0; i < few; i++) {
    await ended(spawn(ip, ['netns', 'add', `n${i}`], { stdio: 'inherit' }));
    await ended(spawn(ip, ['-n', `n${i}`, 'link', 'set', 'lo', 'up'], { stdio: 'inherit' }));
    const server = spawn(ip, ['netns', 'exec', `n${i}`, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout, 'data');
    servers.push(server);
  }
  const time = Number(process.hrtime.bigint() - from) / few;
  const kilobytes = servers.reduce((sum, { pid }) => sum + memory(pid), 0) / few;
  for (const [i, server] of servers.entries()) {
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    await ended(spawn(ip, ['netns', 'del', `n${i}`], { stdio: 'inherit' }));
  }
  return { time, kilobytes };
}

export default {
  name: 'node-many',
  rounds: 5,
  rows: {
    time: { what: `an image with an HTTP server that listens, one of ${many} in one process: time`, against: '`ip netns exec NAME node server.js`', bound: faster(1) },
    memory: { what: `an image with an HTTP server that listens, one of ${many} in one process: memory`, against: '`ip netns exec NAME node server.js`', bound: faster(1) },
  },
  async run({ rounds }) {
    const seen = { ours: [], theirs: [] };
    const noted = (name, run) => async () => {
      const cost = await run();
      seen[name].push(cost);
      return cost.time;
    };
    const warmup = 1;
    await alternate({ ours: noted('ours', inOne), theirs: noted('theirs', apart) }, { rounds, warmup, settle: 1000 });
    const of = (name, what) => seen[name].slice(warmup).map((cost) => cost[what]);
    return { time: [of('ours', 'time'), of('theirs', 'time')], memory: [of('ours', 'kilobytes'), of('theirs', 'kilobytes')] };
  },
};
