import { width } from '../print/text.ts';
import { labelOf, layoutOf, type Box, type Layout, type Placed } from './layout.ts';
import type { Graph } from './model.ts';
import type { Row } from './rows.ts';
import { svgStyle } from './svg-style.ts';
import { escapeXml } from './xml.ts';

/** Pixels of a cell, of a corner's radius, and around the whole. */
const cell = { width: 7.5, height: 20 } as const;
const round = 6;
const margin = 16;
/** Cells that an image's box may take at most. */
const columns = 120;
const hues = 6;

const x = (column: number): number => margin + column * cell.width;
const y = (line: number): number => margin + line * cell.height;
const middle = (line: number): number => y(line) + cell.height / 2;

/** The picture as one SVG document: no scripts, nothing from elsewhere, in the reader's light or dark. */
export function svgGraph(graph: Graph, all: boolean): readonly string[] {
  const layout = layoutOf(graph, { columns, all });
  const legend = y(Math.max(layout.lines, 1)) + cell.height;
  const widest = Math.max(0, ...layout.placed.map((placed) => width(labelOf(placed))));
  const size = { width: Math.ceil(Math.max(x(layout.labels + widest + 2) + margin, 420)), height: legend + cell.height + margin };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img">`,
    '<title>Images, their slots, and what stands in them</title>',
    `<style>${svgStyle}</style>`,
    `<rect class="paper" width="${size.width}" height="${size.height}"/>`,
    ...(graph.root ? [text(x(0), middle(0), '.', 'title'), ...branch(x(0) + 4, middle(0) + round, layout.tops, x(2))] : []),
    ...layout.boxes.flatMap((box) => branch(x(box.left) + 12, foot(box), box.children, x(box.left + 3))),
    ...layout.placed.filter(({ track }) => track === undefined).flatMap((placed) => ways(layout, placed)),
    ...layout.placed.filter(({ track }) => track !== undefined).flatMap((placed) => ways(layout, placed)),
    ...layout.boxes.flatMap((box) => drawBox(box, layout.right)),
    ...layout.placed.flatMap((placed) => drawInstance(layout, placed)),
    ...drawLegend(legend),
    '</svg>',
  ];
}

function text(left: number, at: number, content: string, className: string): string {
  return `<text x="${left}" y="${at + 4}" class="${className}" xml:space="preserve">${escapeXml(content)}</text>`;
}

function path(d: string, className: string): string {
  return `<path d="${d}" class="${className}"/>`;
}

/** The lower edge of a box, in the line that closes it. */
function foot({ bottom }: Box): number {
  return y(bottom) + 3;
}

/** From a parent to each of its children. */
function branch(left: number, from: number, children: readonly number[], to: number): readonly string[] {
  return children.map((line) => path(`M${left} ${from}V${middle(line) - round}Q${left} ${middle(line)} ${left + round} ${middle(line)}H${to}`, 'tree'));
}

const rowClass: Readonly<Record<Row['kind'], string>> = { own: 'text', share: 'text', inherit: 'dim', rest: 'dim', note: 'odd' };

function drawBox(box: Box, right: number): readonly string[] {
  const { image, left, top, title, rows } = box;
  const className = image.state === 'live' ? 'box' : image.state === 'damaged' ? 'box bad' : 'box odd';
  return [
    `<g><title>${escapeXml(`${image.name}: ${image.state}`)}</title>`,
    `<rect class="${className}" x="${x(left)}" y="${y(top) - 3}" width="${x(right) - x(left)}" height="${foot(box) - y(top) + 3}" rx="5"/>`,
    text(x(left + 1), middle(top), title, 'title'),
    ...rows.flatMap(({ row, line, texts }) => texts.map((each, i) => text(x(left + 1), middle(line + i), each, rowClass[row.kind]))),
    '</g>',
  ];
}

function drawInstance({ labels }: Layout, placed: Placed): readonly string[] {
  const label = labelOf(placed);
  const left = x(labels);
  return [
    `<rect class="instance${placed.instance.gone ? ' odd' : ''}" x="${left}" y="${y(placed.line) + 2}" width="${(width(label) + 2) * cell.width}" height="${cell.height - 4}" rx="8"/>`,
    text(x(labels + 1), middle(placed.line), label, 'text'),
    // Where there was no room for its arrows to run together.
    ...placed.uses.filter(({ line }) => placed.track === undefined && line !== placed.line).map(({ line }) => text(left, middle(line), label, 'dim')),
  ];
}

/** The arrows to an instance. Those that run together curve into one line, which lies above what it crosses. */
function ways({ right, labels }: Layout, { track, line, uses }: Placed): readonly string[] {
  const end = x(labels) - 1;
  const at = middle(line);
  const head = (down: number): string => `M${end} ${down}l-7 -4v8z`;
  const start = x(right);
  if (track === undefined) return uses.flatMap((use) => [path(`M${start} ${middle(use.line)}H${end - 6}`, `way ${use.kind}`), path(head(middle(use.line)), use.line === line ? 'head' : 'open')]);
  const hue = `h${track % hues}`;
  const column = x(right + 2 + 2 * track);
  const lines = uses.map((use) => use.line);
  const trunks = [Math.min(...lines), Math.max(...lines)].filter((each) => each !== line).map((each) => {
    const toward = each < line ? 1 : -1;
    return `M${column} ${middle(each) + toward * round}V${at - toward * round}Q${column} ${at} ${column + round} ${at}H${end - 6}`;
  });
  return [
    ...trunks.map((d) => path(d, 'halo')),
    ...uses.map((use) => {
      const toward = use.line < line ? round : -round;
      const from = middle(use.line);
      return path(use.line === line ? `M${start} ${from}H${end - 6}` : `M${start} ${from}H${column - round}Q${column} ${from} ${column} ${from + toward}`, `way ${use.kind} ${hue}`);
    }),
    ...trunks.map((d) => path(d, `way ${hue}`)),
    path(head(at), `head ${hue}`),
  ];
}

function drawLegend(top: number): readonly string[] {
  const words: readonly (readonly [string, string])[] = [['own', 'own'], ['share', 'shared'], ['inherit', 'inherited']];
  return words.flatMap(([kind, word], i) => {
    const left = margin + i * 130;
    return [path(`M${left} ${top}h28`, `way ${kind}`), path(`M${left + 34} ${top}l-7 -4v8z`, 'head'), text(left + 42, top, word, 'dim')];
  });
}
