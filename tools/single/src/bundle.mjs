import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build, transform } from 'esbuild';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { build as viteBuild } from 'vite';
import webpack from 'webpack';

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
  async rollup(program, conditions) {
    const plugins = [nodeResolve({ preferBuiltins: true, exportConditions: ['node', ...conditions] }), commonjs()];
    const bundle = await rollup({ input: entry(program), external: /^koffi$/, plugins, logLevel: 'silent' });
    const { output } = await bundle.generate({ format: 'es', inlineDynamicImports: true });
    await bundle.close();
    // rollup does not minify.
    return (await transform(output[0].code, { minify: true, format: 'esm', target: 'node20' })).code;
  },
  webpack: packed,
};

/** webpack writes a file. */
async function packed(program, conditions) {
  const dir = mkdtempSync(path.join(tmpdir(), 'vimage-packed-'));
  try {
    const compiler = webpack({
      experiments: { outputModule: true }, mode: 'production', target: 'node20', context: programs, entry: entry(program), devtool: false,
      // The ordinary build is looked into, and not weighed: terser takes long for it.
      optimization: { minimize: conditions.length > 0 },
      output: { path: dir, filename: 'out.mjs', module: true, chunkFormat: 'module' },
      externalsType: 'module', externals: { koffi: 'koffi' }, resolve: { conditionNames: ['node', 'import', ...conditions] },
    });
    const stats = await new Promise((resolve, reject) => compiler.run((error, done) => (error ? reject(error) : resolve(done))));
    await new Promise((resolve) => compiler.close(resolve));
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
    return readFileSync(path.join(dir, 'out.mjs'), 'utf8');
  } finally {
    rmSync(dir, { recursive: true });
  }
}
