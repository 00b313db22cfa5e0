import path from 'node:path';
import { parseArgs } from 'node:util';
import { VimageError } from '@vimage/core';
import { createComponent } from './index.ts';

const help = `npm create @vimage/component NAME [FOLDER]

Makes the package of a component of your own for vimage: "vir NAME". As it is made it builds, passes
what every component has to hold, and gives an image a host name; put what yours does in its place.

  npm create @vimage/component sound            in ./vimage-sound
  npm create @vimage/component sound ./audio    in ./audio
`;

function main(): void {
  const { values, positionals } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
  const [name, folder] = positionals;
  if (values.help === true || name === undefined || positionals.length > 2) {
    process.stdout.write(help);
    process.exitCode = values.help === true ? 0 : 2;
    return;
  }
  const directory = path.resolve(folder ?? `vimage-${name}`);
  for (const file of createComponent({ name, directory })) console.log(path.join(path.relative('.', directory) || '.', file));
  console.log(`\nnow: cd ${path.relative('.', directory) || '.'}; npm install; npm run build; sudo npm test`);
}

try {
  main();
} catch (error) {
  const known = error instanceof VimageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  if (!known || !(error instanceof Error)) throw error;
  console.error(`create-component: ${error.message}${error instanceof VimageError && error.hint !== undefined ? `\n  ${error.hint}` : ''}`);
  process.exitCode = 1;
}
