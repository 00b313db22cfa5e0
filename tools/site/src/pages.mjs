// Every page of the site, as Markdown: where it stands, in which group of the navigation, and from which file.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { api } from './api.mjs';
import { code, tableOf } from './markdown.mjs';
import { components, documents, load, packages, read, root } from './sources.mjs';

export const groups = ['Start', 'Guide', 'Components', 'Security', 'Inside', 'API'];

const titleOf = (text) => /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? '';
const access = { create: 'at create', rw: 'may be changed', ro: 'shown only' };

/** @returns {Promise<{ file: string, group: string, label: string, text: string, from: string }[]>} `from`: what links in the text are relative to. */
export async function pages() {
  const core = await load('packages/core');
  const found = await components();
  const named = new Set(found.map(({ component }) => component.name));
  const home = read('README.md');
  // In the order in which the README leads to them.
  const list = home.slice(home.indexOf('## The documents'));
  const led = (file) => (list.indexOf(`](${file}`) + 1 || Infinity);
  return [
    ...documents().sort((a, b) => led(a) - led(b) || 0).map((from) => {
      const text = read(from);
      return { file: from === 'README.md' ? 'index.html' : from.replace(/\.md$/, '.html'), group: groupOf(from, named), label: from === 'README.md' ? 'vimage' : titleOf(text), text, from };
    }),
    { file: 'compare.html', group: 'Start', label: 'How it compares, how fast', text: comparison(home), from: 'README.md' },
    { file: 'picture.html', group: 'Start', label: 'A picture', text: picture(), from: 'README.md' },
    { file: 'components/image.html', group: 'Components', label: 'image: parameters', text: `# An image: parameters\n\nWhat stands before the first \`vir\`. \`imgctl params image\` says the same.\n\n${parameters(core, '', core.imageParams)}`, from: 'README.md' },
    ...found.map(({ component, package: name }) => ({
      file: `components/${component.name}.html`, group: 'Components', label: `${component.name}: parameters`, from: 'README.md', text: componentPage(core, component, name),
    })),
    ...[...await api()].map(([name, text]) => ({ file: `${apiPath(name)}.html`, group: 'API', label: name, text: text.replace(/^# .*\n/, (title) => `${title}\n${about(name)}\n`), from: `${apiPath(name)}.md` })),
  ];
}

const apiPath = (name) => `api/${name}`;

/** What the package of an entry says of itself, and where its page is. */
function about(name) {
  const { dir, manifest } = packages().find(({ manifest: each }) => name === each.name || name.startsWith(`${each.name}/`));
  return `${manifest.description} [An example](${path.posix.relative(path.posix.dirname(`${apiPath(name)}.md`), `${dir}/README.md`)}).`;
}

function groupOf(from, named) {
  if (from === 'README.md') return 'Start';
  const name = path.posix.basename(from, '.md');
  if (/^(security|selftest)$/.test(name)) return 'Security';
  if (from.startsWith('docs/') && named.has(name)) return 'Components';
  return from.startsWith('docs/') && name !== 'plan-format' && name !== 'bench' ? 'Guide' : 'Inside';
}

function componentPage(core, component, name) {
  const guide = `docs/${component.name}.md`;
  const needs = component.requires ?? [];
  return [
    `# vir ${component.name}: parameters`,
    `${component.describe[0].toUpperCase()}${component.describe.slice(1)}. Of the package \`${name}\`.${needs.length > 0 ? ` Requires ${needs.map((each) => `\`${each}\``).join(', ')}.` : ''}`,
    existsSync(path.join(root, guide)) ? `[What it does, with examples](${guide}). This page is made from the declarations; \`imgctl params ${component.name}\` says the same.` : `This page is made from the declarations; \`imgctl params ${component.name}\` says the same.`,
    parameters(core, component.name, component.params),
    '## JSON Schema\n\nOf the section in its typed form; `imgctl params --schema` prints that of a whole image.\n',
    `\`\`\`json\n${JSON.stringify(core.jsonSchema({ image: {}, components: new Map([[component.name, component.params]]) }).properties[component.name], null, 2)}\n\`\`\``,
  ].join('\n\n');
}

function parameters(core, name, table) {
  const rows = core.paramInfo(name, table);
  if (rows.length === 0) return 'It has no parameters.';
  const brief = tableOf(['parameter', 'what', 'given', 'type'], rows.map((row) => [`[${row.key}](#${row.key.replaceAll('.', '')})`, plain(row.describe), access[row.access] ?? row.access, plain(row.type)]));
  return [
    brief,
    ...rows.map((row) => [
      `## ${row.key}`,
      `${plain(`${row.describe[0].toUpperCase()}${row.describe.slice(1)}`)}.`,
      [
        `- given: ${access[row.access] ?? row.access}${row.multi ? ', may be repeated' : ''}`,
        `- expects: ${plain(row.expected)}`,
        ...(row.default === undefined ? [] : [`- default: ${code(row.default)}`]),
        `- example: ${code(`${name === '' ? '' : `vir ${name} `}${row.key} ${row.example}`)}`,
      ].join('\n'),
    ].join('\n\n')),
  ].join('\n\n');
}

/** Text of a declaration, in which nothing is markup. */
const plain = (text) => text.replace(/[\\`*_{}[\]<>#|]/g, '\\$&');

/** The two tables of the README, which the bench writes. */
function comparison(home) {
  const part = /^## How it compares$[^]*?(?=^Licence: )/m.exec(home)?.[0];
  if (part === undefined) throw new Error('README.md has no "How it compares" before "Licence: "');
  return `# How it compares, and how fast it is\n\n${part}`;
}

function picture() {
  const dir = 'tools/site/pictures';
  return [
    '# A picture',
    'Boxes are images, with a row for each slot; at the right are the instances that stand in them. Drawn by `imgctl graph` from the images of this file, which `imgctl up` made:',
    `\`\`\`rc file=lab.conf\n${read(`${dir}/lab.conf`)}\`\`\``,
    `\`\`\`console\n# imgctl up lab.conf\n# imgctl graph --format svg > lab.svg\n\`\`\``,
    `<div class="picture" tabindex="0" role="region" aria-label="picture">\n${read(`${dir}/lab.svg`).replace(/<\?xml.*?\?>/, '').replace(/^\s*\n/gm, '')}</div>`,
    '[imgctl graph](docs/imgctl.md#graph) also draws for a terminal, in Mermaid, and for Graphviz.',
  ].join('\n\n');
}
