// A program as it is built without images: one file, with the export condition vimage-single.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';

/** Bundles a program and calls `run` with the file, which goes with it. */
export async function bundledSingle(program, run) {
  const dir = mkdtempSync(path.join(tmpdir(), 'vimage-bench-'));
  try {
    const file = path.join(dir, 'program.mjs');
    const bundle = await rolldown({ input: program, platform: 'node', resolve: { conditionNames: ['node', 'import', 'vimage-single'] } });
    await bundle.write({ file, format: 'esm', codeSplitting: false });
    return run(file);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
