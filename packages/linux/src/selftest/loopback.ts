import { createServer } from 'node:net';
import { once } from 'node:events';
import { codeOf } from '@vimage/core';
import { only } from './leaks.ts';
import type { OuterProbe } from './probe.ts';

/** A listener on this machine's loopback address, which the image must not come to by the same address. */
const listening = (name: string, address: string, fact: string): OuterProbe => ({
  name, lines: [29, 30, 31], walls: ['network'], tries: `to reach a program outside by ${address}`,
  run: async (cx) => {
    const server = createServer((socket) => socket.destroy());
    try {
      await Promise.race([once(server.listen(0, address), 'listening')]);
      const at = server.address();
      const port = typeof at === 'object' && at !== null ? at.port : 0;
      return await only(cx, name, [`${fact}=${port}`]);
    } catch (error) {
      if (!['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error) ?? '')) throw error;
      return { verdict: 'na', reason: `this machine has no ${address}` };
    } finally {
      server.close();
    }
  },
});

export const loopbackProbes: readonly OuterProbe[] = [listening('loopback-4', '127.0.0.1', 'port4'), listening('loopback-6', '::1', 'port6')];
