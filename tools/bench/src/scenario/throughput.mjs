import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { mark } from '@vimage/room';
import { alternate } from '../harness/alternate.mjs';
import { atLeast } from '../harness/bound.mjs';
import { netSpec, withImage, withKernel } from '../harness/library.mjs';
import { imgexec, must, program } from '../harness/machine.mjs';

const port = 5987;

/** Bits per second over the loopback that a command's words lead to. */
function rate(words) {
  const [first, ...rest] = [...words, program('iperf3'), '--client', '127.0.0.1', '--port', String(port), '--time', '1', '--omit', '0', '--json'];
  const { end } = JSON.parse(must(first, rest));
  return end.sum_received.bits_per_second;
}

async function withServer(words, work) {
  const [first, ...rest] = [...words, program('iperf3'), '--server', '--bind', '127.0.0.1', '--port', String(port)];
  const server = spawn(first, rest, { stdio: 'ignore' });
  const gone = new Promise((resolve) => server.once('exit', resolve));
  try {
    for (let i = 0; ; i++) {
      try {
        rate(words);
        break;
      } catch (error) {
        if (i === 50) throw error;
        await sleep(100);
      }
    }
    return await work();
  } finally {
    server.kill('SIGTERM');
    await gone;
  }
}

export default {
  name: 'throughput',
  rounds: 15,
  rows: {
    loopback: { what: 'TCP throughput inside an image (iperf3 over its own loopback)', against: 'the host\'s loopback', bound: atLeast(0.97) },
  },
  run({ rounds }) {
    const outside = [program('nsenter'), `--net=/proc/${process.env[mark]}/ns/net`];
    const inside = [imgexec, 'web', '--'];
    program('iperf3');
    return withKernel((kernel) => withImage(kernel, netSpec('web'), () => withServer(inside, () => withServer(outside, async () => {
      const rates = await alternate({ ours: () => rate(inside), theirs: () => rate(outside) }, { rounds, warmup: 1 });
      return { loopback: [rates.ours, rates.theirs] };
    }))));
  },
};
