import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program of tests (child/NAME.c, beside the file `from`), built where only this run finds it. */
export class Program implements Disposable {
  readonly path: string;
  readonly #dir: string = mkdtempSync(path.join(tmpdir(), 'vproc-test-'));

  constructor(name: string, from: string = import.meta.url) {
    this.path = path.join(this.#dir, name);
    const source = fileURLToPath(new URL(`./child/${name}.c`, from));
    const { status, stderr } = spawnSync(process.env['CC'] ?? 'cc', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-O1', '-pthread', '-o', this.path, source], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true });
  }
}
