import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package that carries the programs for this machine. */
export const carrier: string = `@vimage/imgexec-linux-${process.arch}`;

/** Where a native program of this package is, whatever the environment says: as it was built here, else as the carrier has it. It may not be there. */
export function programIn(name: 'imgexec' | 'imgprobe'): string {
  const built = join(dirname(fileURLToPath(import.meta.url)), '../dist', name);
  if (existsSync(built)) return built;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(`${carrier}/package.json`))), name);
  } catch {
    return built;
  }
}
