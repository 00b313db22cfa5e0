import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { door } from '../door.ts';
import { imgprobePath } from '../imgprobe.ts';
import type { Said } from './inner.ts';
import { only } from './leaks.ts';
import type { OuterContext, OuterProbe } from './probe.ts';
import type { Wall } from './walls.ts';

/** A process outside, of ours: it has a secret in its arguments and its environment, and hands its root directory to whoever comes to its abstract socket. */
class Neighbour implements AsyncDisposable {
  readonly secret: string = randomBytes(12).toString('hex');
  readonly #child: ChildProcess = door('spawn', () => spawn(imgprobePath, ['--offer', this.secret], { stdio: ['pipe', 'pipe', 'inherit'], env: { SELFTEST_SECRET: this.secret } }));

  get facts(): readonly string[] {
    return [`offer=${this.secret}`, `secret=${this.secret}`, `victim=${this.#child.pid ?? 0}`];
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async ready(): Promise<void> {
    if (this.#child.stdout !== null) await Promise.race([once(this.#child.stdout, 'data'), once(this.#child, 'exit')]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.alive) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

async function besideOne(cx: OuterContext, name: string): Promise<Said> {
  await using neighbour = new Neighbour();
  await neighbour.ready();
  const said = await only(cx, name, neighbour.facts);
  // What it did, not what it says it did.
  await new Promise((resolve) => setImmediate(resolve));
  return neighbour.alive ? said : { verdict: 'fail', reason: 'the process outside was ended' };
}

const beside = (name: string, lines: readonly number[], walls: readonly Wall[], tries: string): OuterProbe => ({ name, lines, walls, tries, run: (cx) => besideOne(cx, name) });

export const neighbourProbes: readonly OuterProbe[] = [
  beside('abstract-socket', [6], ['network'], 'to connect to an abstract socket outside'),
  beside('fd-passing', [5], ['network'], 'to be handed a directory of outside'),
  beside('host-process', [23, 32], ['processes'], 'to signal a process outside; it must not even be there'),
  beside('environ-of-others', [32], ['processes'], 'to read arguments and environment of processes outside'),
];
