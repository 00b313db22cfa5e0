import type { JsonSchema } from './type.ts';
import type { Param, ParamTable } from './param.ts';

/** A declaration as a row of `imgctl params`. */
export interface ParamRow {
  /** The component's name, or '' for the image's own parameters. */
  readonly component: string;
  readonly key: string;
  readonly type: string;
  readonly access: string;
  readonly describe: string;
  readonly example: string;
  readonly expected: string;
  readonly multi: boolean;
  readonly default?: string;
  readonly order?: string;
  /** Values to complete, and where else to look for them. */
  readonly candidates?: readonly string[];
  readonly source?: string;
}

/** The rows of one table, in declared order. `component` is '' for the image's own. */
export function paramInfo(component: string, table: ParamTable): readonly ParamRow[] {
  return Object.entries(table).map(([key, param]) => {
    const { type, access, describe, example, multi } = param;
    return {
      component, key, type: type.kind, access, describe, example, expected: type.expected, multi,
      ...(param.default === undefined ? {} : { default: param.default }),
      ...(param.order === undefined ? {} : { order: param.order }),
      ...(type.candidates === undefined ? {} : { candidates: type.candidates }),
      ...(type.source === undefined ? {} : { source: type.source }),
    };
  });
}

const accessText: Readonly<Record<string, string>> = { create: 'at create only', rw: 'may be changed', ro: 'shown only' };

/** One table for the reader: each parameter with its meaning, what is expected and an example. Ends in a newline when not empty. */
export function helpText(component: string, table: ParamTable): string {
  const rows = paramInfo(component, table);
  return rows.map((row) => {
    const notes = [
      accessText[row.access] ?? row.access,
      ...(row.multi ? ['may be repeated'] : []),
      ...(row.default === undefined ? [] : [`default ${row.default}`]),
    ].join(', ');
    const example = /[^\w.,:=/@%+-]/.test(row.example) || row.example === '' ? `"${row.example}"` : row.example;
    return `  ${row.key}  (${row.type}; ${notes})\n      ${row.describe}\n      expects ${row.expected}\n      example: ${row.key} ${example}\n`;
  }).join('');
}

function paramSchema(param: Param): JsonSchema {
  const one = param.type.schema;
  const several = { type: 'array', items: one };
  const record = { type: 'object', additionalProperties: { anyOf: [{ type: ['string', 'number', 'boolean'] }, { type: 'array' }] } };
  const schema = param.multi ? { anyOf: [{ type: 'string' }, several, ...(param.type.keyed === true ? [record] : [])] } : one;
  return {
    ...schema,
    description: param.describe,
    examples: [param.example],
    ...(param.access === 'ro' ? { readOnly: true } : {}),
  };
}

function tableSchema(table: ParamTable): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(table).map(([key, param]) => [key, paramSchema(param)]));
}

/** JSON Schema (2020-12) of an image in its typed form, of these components. */
export function jsonSchema(tables: { readonly image: ParamTable; readonly components: ReadonlyMap<string, ParamTable> }): JsonSchema {
  const share = { type: 'object', properties: { share: { type: 'string' } }, required: ['share'], additionalProperties: false };
  const parts = [...tables.components].map(([name, table]) => {
    const own = { type: 'object', properties: tableSchema(table), additionalProperties: false };
    return [name, { anyOf: [{ const: true }, share, own] }] as const;
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'image',
    type: 'object',
    properties: { ...tableSchema(tables.image), ...Object.fromEntries(parts) },
    additionalProperties: false,
  };
}
