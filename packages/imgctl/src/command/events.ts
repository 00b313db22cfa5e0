import { interrupted } from '../interrupted.ts';
import type { CommandSpec } from '../spec.ts';

export const events: CommandSpec = {
  usage: [],
  operands: [],
  about: 'Until it is interrupted. With --json one object a line.',
  examples: () => [
    { line: 'events', does: 'what is created, changed, removed, from now on' },
    { line: 'events --json', does: '{"type":"created","name":"web","serial":"..."}, one a line' },
  ],
  async run(cx) {
    const stop = interrupted();
    const kernel = await cx.bareKernel();
    try {
      for await (const event of kernel.events(stop.signal)) {
        if (cx.json) cx.document(event, 0);
        else cx.print(`${event.type.padEnd(8)}  ${event.name}`);
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  },
};
