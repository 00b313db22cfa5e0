import { onCall } from '@vimage/linux/door';

/**
 * Does something again and again: the first act on the machine fails, then the second, and so on until none is left to fail. `look` is called after each,
 * told what came of it. How often that was.
 */
export async function failEachAct(change: () => Promise<unknown>, look: (outcome: 'done' | 'failed', n: number) => Promise<void>): Promise<number> {
  let n = 0;
  for (let failed = true; failed; n++) {
    failed = false;
    onCall((name, index) => {
      if (index !== n || failed) return;
      failed = true;
      throw new Error(`no ${name}`);
    });
    const outcome = await change().then(() => 'done' as const, () => 'failed' as const);
    onCall(undefined);
    await look(outcome, n);
  }
  return n;
}
