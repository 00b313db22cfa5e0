// npm run bench -- [NAME...] [--rounds N] [--json FILE] [--readme] [--list]
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { imgctl, imgexec, root } from './harness/machine.mjs';
import { inRoom, mark, refusal } from '@vimage/room';
import { measure } from './harness/run.mjs';
import { markdown, rewriteReadme } from './harness/table.mjs';
import { scenarios } from './scenarios.mjs';

function usage(text) {
  console.error(`${text}\nusage: npm run bench -- [NAME...] [--rounds N] [--json FILE] [--readme] [--list]`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { rounds: { type: 'string' }, json: { type: 'string' }, readme: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    return usage(error.message);
  }
}

/** What is kept for other programs: ratios, as in the table; of each round too. */
function document(results) {
  return results.map(({ scenario, what, against, bound, missing, measured, ratios, why }) => ({
    scenario, what, against, toReach: bound.text, ...(missing === undefined ? { ...measured, ratios } : { missing }), ...(measured?.reached === false && why ? { why } : {}),
  }));
}

const { values, positionals } = options();
if (values.help) usage('Measures vimage against its peers.');
if (values.list) {
  for (const { name, rows } of scenarios) console.log(`${name.padEnd(18)}${Object.values(rows)[0].what}`);
  process.exit(0);
}
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1)) usage(`--rounds: expected a number from 1, not "${values.rounds}"`);
for (const name of positionals) if (!scenarios.some((each) => each.name === name)) usage(`no scenario "${name}"; --list shows them`);
const chosen = positionals.length === 0 ? scenarios : scenarios.filter(({ name }) => positionals.includes(name));
for (const built of [imgexec, imgctl]) if (!existsSync(built)) usage(`${built} is not built: npm run build`);

if (chosen.some(({ root: needed }) => needed !== false)) {
  if (process.env[mark] === undefined) {
    const why = refusal();
    if (why !== undefined) usage(`the bench makes namespaces, bridges and cgroups: ${why}`);
    process.exit(await inRoom([process.execPath, ...process.argv.slice(1)]));
  }
}

const results = [];
let failed = 0;
for (const scenario of chosen) {
  process.stderr.write(`${scenario.name} ...\n`);
  try {
    results.push(...(await measure(scenario, rounds)));
  } catch (error) {
    failed += 1;
    console.error(`${scenario.name}: FAILED, nothing was measured\n${error.stack ?? error}`);
  }
}
const table = markdown(results);
console.log(table);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(document(results), undefined, 2)}\n`);
if (values.readme) {
  const whole = failed === 0 && chosen.length === scenarios.length;
  console.error(whole ? rewriteReadme(path.join(root, 'README.md'), table) : 'README.md is left as it is: the table takes every scenario');
}
process.exitCode = failed > 0 ? 1 : 0;
