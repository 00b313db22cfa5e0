import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { helpText, jsonSchema, paramInfo } from '../../src/param/info.ts';
import { checkTable } from '../../src/param/table.ts';
import { param } from '../../src/param/param.ts';
import { type } from '../../src/param/types.ts';
import { table, tables, wire } from '../pairs/fixture.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Compiles a file as the workspace does, with isolatedDeclarations; returns what the compiler says. */
function compile(name: string, text: string): string[] {
  const config = ts.readConfigFile(path('../../../../tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.config.compilerOptions, path('../../../..'));
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  const { readFile, fileExists } = host;
  const source = host.getSourceFile.bind(host);
  host.fileExists = (file) => file === name || fileExists.call(host, file);
  host.readFile = (file) => (file === name ? text : readFile.call(host, file));
  host.getSourceFile = (file, ...rest) => (file === name ? ts.createSourceFile(file, text, ts.ScriptTarget.ES2023) : source(file, ...rest));
  const program = ts.createProgram([name], { ...options, composite: false, noEmit: true }, host);
  return ts.getPreEmitDiagnostics(program).map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'));
}

test('the example in the doc comment of ParamTable compiles under isolatedDeclarations', () => {
  const doc = readFileSync(path('../../src/param/param.ts'), 'utf8');
  const example = /@example\n((?: \*.*\n)*?) \*\/\nexport type ParamTable/.exec(doc)?.[1]?.replace(/^ \* ?/gm, '') ?? '';
  expect(example).toContain('export const vnetParams');
  const text = `import { listParam, param, type FlagParam, type ListParam, type Param } from '../../src/param/param.ts';\nimport { type } from '../../src/param/types.ts';\n${example.replace(/^import .*\n/m, '')}`;
  expect(compile(path('./example.virtual.ts'), text)).toEqual([]);
  expect(compile(path('./example.virtual.ts'), `${text}\nexport const untyped = { a: param(type.flag(), vnetParams.up) };\n`)).not.toEqual([]);
});

test('the types of values and sugar', () => {
  const file = path('./sugar.types.ts');
  expect(compile(file, readFileSync(file, 'utf8'))).toEqual([]);
});

test('declarations are checked', () => {
  expect(() => checkTable('wire', wire)).not.toThrow();
  expect(() => checkTable('table', table)).not.toThrow();
  const fine = { access: 'rw', describe: 'a thing', example: 'true' } as const;
  for (const bad of [
    { vir: param(type.flag(), fine) }, { share: param(type.flag(), fine) }, { 'A': param(type.flag(), fine) }, { 'a=b': param(type.flag(), fine) },
    { a: param(type.flag(), { ...fine, example: 'maybe' }) }, { a: param(type.flag(), { ...fine, default: 'maybe' }) }, { a: param(type.flag(), { ...fine, describe: 'two\nlines' }) },
  ]) expect(() => checkTable('x', bad)).toThrow(/component "x"/);
});

test('rows, help and schema come from the declaration', () => {
  expect(paramInfo('table', table)[1]).toEqual({
    component: 'table', key: 'max', type: 'int', access: 'rw', describe: 'most processes', example: '100', expected: 'a whole number from 1', multi: false, order: 'min',
  });
  expect(helpText('wire', wire)).toContain('addr  (ifname=cidr; may be changed, may be repeated)');
  const schema: unknown = JSON.parse(JSON.stringify(jsonSchema(tables)));
  expect(schema).toMatchObject({ properties: { 'children.max': { type: 'integer', maximum: 65535 }, table: { anyOf: [{ const: true }, {}, { properties: { mode: { enum: ['strict', 'loose'] } } }] } } });
});
