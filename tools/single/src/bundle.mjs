import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { build as viteBuild } from 'vite';

export const programs = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../programs');
const entry = (program) => path.join(programs, `${program}.mjs`);

/** The text of a program as each bundler puts it together, minified; `conditions` as the bundler is given them. */
export const bundlers = {
  async rolldown(program, conditions) {
    const bundle = await rolldown({ input: entry(program), platform: 'node', external: /^koffi$/, resolve: { conditionNames: ['node', 'import', ...conditions] } });
    const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
    return output[0].code;
  },
  async esbuild(program, conditions) {
    const { outputFiles } = await build({
      entryPoints: [entry(program)], bundle: true, minify: true, write: false, format: 'esm', platform: 'node', external: ['koffi'], conditions, logLevel: 'error',
    });
    return outputFiles[0].text;
  },
  async vite(program, conditions) {
    const { output } = await viteBuild({
      configFile: false, logLevel: 'error', ssr: { noExternal: true, external: ['koffi'], resolve: { conditions: ['node', 'import', ...conditions] } },
      build: { ssr: entry(program), write: false, minify: true, target: 'node20', rolldownOptions: { output: { codeSplitting: false } } },
    });
    return output[0].code;
  },
};
