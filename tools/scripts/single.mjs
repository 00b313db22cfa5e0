import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * What makes the build `vimage-single` of a package, for rolldown and vite: where `x-single.ts` stands beside `x.ts`, whoever imports `x.ts` gets it. The
 * former may import the latter itself, for its types.
 */
export function single() {
  return {
    name: 'vimage-single',
    enforce: 'pre',
    resolveId(id, importer) {
      if (importer === undefined || !/^\.{1,2}\/.*\.ts$/.test(id)) return null;
      const twin = path.resolve(path.dirname(importer), id.replace(/\.ts$/, '-single.ts'));
      return twin !== importer && existsSync(twin) ? twin : null;
    },
  };
}
