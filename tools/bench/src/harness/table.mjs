import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const head = ['what', 'against', 'to reach', 'measured', 'reached', 'why not'];

/** One line of the table per result, as cells. */
export function cells(result) {
  const { what, against, bound } = result;
  if (result.missing !== undefined) return [what, against, bound.text, result.missing, '-', ''];
  return [what, against, bound.text, bound.show(result.measured), result.measured.reached ? 'yes' : 'no', result.measured.reached ? '' : (result.why ?? '')];
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

/** The table in Markdown. A cell that says the same as the one above it is left empty. */
export function markdown(results) {
  const rows = results.map(cells);
  const lines = rows.map((row, i) => row.map((text, column) => (column === 0 && i > 0 && rows[i - 1][0] === text ? '' : cell(text))));
  return [head, head.map(() => '---'), ...lines].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const begin = '<!-- bench -->';
const end = '<!-- /bench -->';

/** Puts the table between the markers (the second one may be `<!-- bench -->` again). Returns what was done, in words. */
export function rewriteReadme(path, table) {
  if (!existsSync(path)) return `${path} does not exist: nothing written`;
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(begin);
  const second = from < 0 ? -1 : [end, begin].map((mark) => text.indexOf(mark, from + begin.length)).filter((at) => at >= 0).sort((a, b) => a - b)[0] ?? -1;
  if (second < 0) return `${path} has no ${begin} … ${end}: nothing written`;
  writeFileSync(path, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(second)}`);
  return `${path}: table rewritten`;
}
