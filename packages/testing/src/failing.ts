import { onCall } from '@vimage/linux/door';

/** What came of something one act of which was to fail. */
export interface Failing {
  readonly outcome: 'done' | 'failed';
  /** Which act failed, `n, NAME`; undefined: there was none left to fail. */
  readonly act: string | undefined;
  readonly error: unknown;
}

/**
 * Calls `round` again and again: what it hands to `fails` has its first act on the machine fail (EIO), in the next round its second, and so on until none is left to
 * fail. What else a round does fails nothing. How many rounds there were.
 */
export async function failEachAct(round: (fails: (change: () => Promise<unknown>) => Promise<Failing>) => Promise<void>): Promise<number> {
  let n = 0;
  for (let reached = true; reached; n++) {
    reached = false;
    await round(async (change) => {
      let act: string | undefined;
      onCall((name, index) => {
        if (index !== n || reached) return;
        reached = true;
        act = `${n}, ${name}`;
        throw Object.assign(new Error(`${name} fails, as the test asked`), { code: 'EIO' });
      });
      try {
        await change();
        return { outcome: 'done', act, error: undefined };
      } catch (error) {
        return { outcome: 'failed', act, error };
      } finally {
        onCall(undefined);
      }
    });
  }
  return n;
}
