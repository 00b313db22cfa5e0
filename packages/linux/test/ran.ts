import { spawnSync } from 'node:child_process';

/** What came of a program. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export function ran(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 30_000, ...options });
  return { status, out: stdout, err: stderr };
}

/** The error that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<Error & { code?: string; subject?: string; hint?: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
