// Builds imgexec and imgprobe into the package that carries them for one architecture, as they are released: node prebuild.mjs x64
// Of another one than this machine's with the compiler that Debian calls TRIPLE-gcc (gcc-aarch64-linux-gnu), or CC.
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { compile, release, sourcesIn } from './compile.mjs';

const triples = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const [arch = ''] = process.argv.slice(2);
if (!Object.hasOwn(triples, arch)) {
  console.error(`prebuild: unknown architecture "${arch}": expected ${Object.keys(triples).join(' or ')}`);
  process.exit(1);
}
const here = dirname(fileURLToPath(import.meta.url));
const cc = process.env.CC || (arch === process.arch ? 'cc' : `${triples[arch]}-gcc`);
for (const out of ['imgexec', 'imgprobe']) {
  const folder = join(here, out);
  compile({ folder, out, cc, into: join(here, `../imgexec-linux-${arch}`), flags: [...release, '-s'], sources: sourcesIn(folder) });
}
