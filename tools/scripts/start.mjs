// npm start: installs, builds, makes the image of examples/hello, runs commands in it, shows it, removes it.
import { build, install, bin, root, run } from './lib.mjs';
import path from 'node:path';

install();
build();

const file = path.join(root, 'examples/hello/hello.rc');
const steps = [
  ['up', file],
  ['ls', '--tree'],
  ['exec', 'hello', '--', 'ps', 'ax'],
  ['exec', '-e', 'hello', '--', 'ip', '-br', 'addr'],
  ['get', 'hello'],
];
let status = 0;
for (const args of steps) {
  const shown = args.map((arg) => (arg === file ? path.relative(root, file) : arg));
  console.log(`\n$ imgctl ${shown.join(' ')}`);
  status = run(bin('imgctl'), args);
  if (status !== 0) break;
}
console.log('\n$ imgctl down examples/hello/hello.rc');
const down = run(bin('imgctl'), ['down', file]);
process.exitCode = status === 0 ? down : status;
