import type { CommandSpec } from '../spec.ts';

export const components: CommandSpec = {
  usage: [],
  operands: [],
  about: 'Components are found among the packages installed beside imgctl, by the "vimage" field of their package.json. The current folder is not looked at.',
  examples: (words) => [
    { line: 'components', does: 'what "vir" can be followed by' },
    { line: 'components --component ./my-component', does: 'with one that is not installed' },
    { line: `params ${words.component(0)}`, does: 'what can be said of one' },
  ],
  async run(cx) {
    const loaded = await cx.components();
    const { found } = cx.discovery();
    const rows = loaded.map((component) => {
      const from = found.find((each) => each.component === component.name);
      return {
        name: component.name,
        describe: component.describe,
        requires: component.requires ?? [],
        package: from?.package ?? '',
        version: from?.version ?? '',
        directory: from?.directory ?? '',
      };
    });
    cx.result(rows, () => (rows.length === 0 ? [] : cx.table(rows, [
      { head: 'NAME', of: ({ name }) => name, paint: (text) => cx.paint('bold', text) },
      { head: 'REQUIRES', of: ({ requires }) => requires.join(' ') },
      { head: 'PACKAGE', of: (row) => `${row.package} ${row.version}` },
      { head: 'WHAT', of: ({ describe }) => describe },
    ])));
    if (rows.length === 0) cx.warn({ code: 'ENOENT', message: 'no component was found; install one beside imgctl, or name it with --component' });
  },
};
