import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linuxOf, withNs, type Namespace } from '@vimage/linux';
import { createComponent } from '../../create-component/src/index.ts';
import type { __name__ } from '../../create-component/template/src/index.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { conformance } from '../src/conformance/conformance.ts';

const rename = ({ ns }: { readonly ns: Namespace }, name: string): void => { withNs(ns, () => { writeFileSync('/proc/sys/kernel/hostname', name); }); };
const changesOnly = (name: string): void => { writeFileSync('/proc/sys/kernel/hostname', name); };
let scratch = '';
/** What the generator makes: it holds all that it has to. */
let uts: typeof __name__;

/** Components of which each breaks one rule, and the check that says so. */
const broken: readonly (readonly [what: string, more: Partial<typeof uts>, check: string, said: RegExp])[] = [
  ['writes a file in check', { check: (cx) => { writeFileSync(path.join(scratch, 'checked'), ''); uts.check?.(cx); } }, 'what is only planned', /fs\.writeFileSync .*checked/],
  ['starts a program in check', { check: (cx) => { spawn('true').unref(); uts.check?.(cx); } }, 'what is only planned', /child_process\.spawn/],
  ['does not make what was asked', { create: (cx) => uts.create({ ...cx, values: {} }) }, 'another process finds', /what another process finds, and has changed|looks otherwise/],
  ['does not make anything that is seen', { create: async (cx) => { const made = await uts.create(cx); rename(made, 'always'); return made; } }, 'whatever act of set', /looks otherwise than what is made so|nothing is seen/],
  ['leaves a file', { create: (cx) => { writeFileSync(path.join(scratch, `left-${cx.image.serial}`), ''); return uts.create(cx); } }, 'what get says', /files were left/],
  ['does not undo its change', { set: (made, cx) => { rename(made, cx.values.hostname ?? cx.image.name); return undefined; } }, 'whatever act of set', /set, failing at act .*, changed what it is/],
  ['changes nothing', { set: () => undefined }, 'whatever act of set', /looks otherwise than what is made so|nothing is seen/],
  ['changes the machine', { create: async (cx) => { const made = await uts.create(cx); changesOnly(`of-${cx.image.name}`); return made; } }, 'what get says', /seen on the machine itself/],
  ['says that somebody holds it', { holders: () => [{ kind: 'process', pid: 1, detail: 'init' }] }, 'what get says', /something refers to an image in which nobody lives/],
  [
    'is entered nowhere',
    { entry: () => [], remove: async ({ serial }, { substrate }) => { if (serial !== undefined) (await linuxOf(substrate).pinner()).remove(serial, 'uts'); return []; } },
    'programs run in it', /a program in it sees what one sees without it/,
  ],
];

const run = async (more: Partial<typeof uts>, check: string): Promise<void> => {
  const checks = conformance({
    component: { ...uts, ...more }, looks: ['hostname'],
    good: [[], ['hostname', 'www.example']], bad: [{ words: ['hostname', 'a b'], code: 'EINVAL' }], changes: [{ from: ['hostname', 'one'], to: ['hostname', 'two'] }],
  });
  await checks.find(({ name }) => name.startsWith(`uts: ${check}`))?.run();
};

describe.skipIf(needRoot.missing)(`what breaks a rule is told${needRoot.note}`, () => {
  const name = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
  beforeAll(async () => {
    scratch = mkdtempSync(path.join(tmpdir(), 'vimage-broken-'));
    const modules = path.join(scratch, 'node_modules/@vimage');
    mkdirSync(modules, { recursive: true });
    for (const each of ['core', 'linux', 'testing']) symlinkSync(fileURLToPath(new URL(`../../${each}`, import.meta.url)), path.join(modules, each));
    createComponent({ name: 'uts', directory: path.join(scratch, 'uts') });
    const made: { readonly uts: typeof __name__ } = await import(path.join(scratch, 'uts/src/index.ts'));
    uts = made.uts;
  });
  afterAll(() => {
    changesOnly(name);
    rmSync(scratch, { recursive: true });
  });

  it.each(broken)('a component that %s', async (_what, more, check, said) => {
    await run({}, check);
    await expect(run(more, check)).rejects.toThrow(said);
  }, 60_000);

  it('what Node itself keeps from its first stream on is no leak, whoever runs the checks', async () => {
    for (const name of ['index', 'params']) {
      const source = readFileSync(path.join(scratch, `uts/src/${name}.ts`), 'utf8');
      const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, rewriteRelativeImportExtensions: true };
      writeFileSync(path.join(scratch, `uts/${name}.js`), ts.transpileModule(source, { compilerOptions }).outputText);
    }
    const program = path.join(scratch, 'checks.mjs');
    writeFileSync(program, `
      import { conformance } from '@vimage/testing';
      import { uts } from './uts/index.js';
      const checks = conformance({ component: uts, looks: ['hostname'], good: [[]], bad: [], changes: [] });
      await checks.find(({ name }) => name.includes('programs run in it')).run();
    `);
    // No stream of its own.
    const out = path.join(scratch, 'out');
    const fd = openSync(out, 'w');
    const child = spawn(process.execPath, [program], { stdio: ['ignore', fd, fd] });
    closeSync(fd);
    expect([await once(child, 'exit'), readFileSync(out, 'utf8')]).toEqual([[0, null], '']);
  }, 60_000);
});
