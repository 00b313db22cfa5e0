// Builds imgprobe into ../dist.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, release, sourcesIn } from '../compile.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
compile({ folder, out: 'imgprobe', flags: release, sources: sourcesIn(folder) });
