import type { Style } from '../print/style.ts';
import { Grid, type Side } from './grid.ts';
import { labelOf, layoutOf, type Box, type Layout, type Placed } from './layout.ts';
import type { Graph, GraphImage } from './model.ts';
import type { Row } from './rows.ts';

export interface TextOptions {
  readonly columns: number;
  readonly all: boolean;
  /** Box-drawing characters; else ASCII. */
  readonly utf8: boolean;
  readonly paint: (style: Style, text: string) => string;
}

const rowStyle: Readonly<Record<Row['kind'], Style | undefined>> = { own: undefined, share: 'cyan', inherit: 'dim', rest: 'dim', note: 'yellow' };

/** The picture for a terminal. */
export function textGraph(graph: Graph, { columns, all, utf8, paint }: TextOptions): readonly string[] {
  const layout = layoutOf(graph, { columns, all });
  const grid = new Grid(utf8);
  if (graph.root) grid.put(0, 0, '.', 'bold');
  // From below: what is drawn first stays on top of ways that cross it.
  drawBranches(grid, 0, graph.root ? 1 : 0, layout.tops);
  for (const box of layout.boxes) {
    drawBox(grid, box, layout.right);
    drawBranches(grid, box.left + 1, box.bottom + 1, box.children);
  }
  for (const placed of layout.placed) drawTrack(grid, layout, placed);
  for (const placed of layout.placed) drawWays(grid, layout, placed);
  return grid.lines(columns, paint);
}

function titleStyle({ state }: GraphImage): Style {
  if (state === 'live') return 'bold';
  return state === 'damaged' ? 'red' : 'yellow';
}

/** The line down from a column, and what leads from it to each child. */
function drawBranches(grid: Grid, column: number, from: number, children: readonly number[]): void {
  const last = children.at(-1);
  if (last === undefined) return;
  const here = new Set(children);
  for (let line = from; line <= last; line++) {
    const sides: readonly Side[] = line === last ? ['up', 'right'] : here.has(line) ? ['up', 'down', 'right'] : ['up', 'down'];
    grid.draw(line, column, sides, 'dim');
    if (here.has(line)) grid.draw(line, column + 1, ['left', 'right'], 'dim');
  }
}

function drawBox(grid: Grid, { image, left, top, bottom, title, rows, children }: Box, right: number): void {
  grid.across(top, left + 1, right, false);
  grid.across(bottom, left + 1, right, false);
  grid.draw(top, left, ['down', 'right']);
  grid.draw(top, right, ['down', 'left']);
  grid.draw(bottom, left, ['up', 'right']);
  grid.draw(bottom, right, ['up', 'left']);
  if (children.length > 0) grid.draw(bottom, left + 1, ['left', 'right', 'down']);
  grid.put(top, left + 1, ' ');
  grid.put(top, left + 2, `${title} `, titleStyle(image));
  for (const { row, line, texts } of rows) {
    for (const [i, text] of texts.entries()) {
      grid.draw(line + i, left, ['up', 'down']);
      grid.put(line + i, left + 2, text, rowStyle[row.kind]);
      grid.draw(line + i, right, ['up', 'down']);
    }
    if (row.instance !== undefined) grid.draw(line, right, ['up', 'down', 'right']);
  }
}

function trackColumn({ right }: Layout, track: number): number {
  return right + 2 + 2 * track;
}

/** The line in which the arrows to an instance run together, with where they join it. */
function drawTrack(grid: Grid, layout: Layout, { track, line, uses }: Placed): void {
  if (track === undefined) return;
  const lines = uses.map((use) => use.line);
  const [first, last] = [Math.min(...lines), Math.max(...lines)];
  for (let at = first; at <= last; at++) {
    const sides: Side[] = [];
    if (at > first) sides.push('up');
    if (at < last) sides.push('down');
    if (lines.includes(at)) sides.push('left');
    if (at === line) sides.push('right');
    grid.draw(at, trackColumn(layout, track), sides);
  }
}

/** The ways from slots, each to the instance or to the line in which they run together. */
function drawWays(grid: Grid, layout: Layout, placed: Placed): void {
  const { right, labels } = layout;
  for (const { line, kind } of placed.uses) {
    const whole = line === placed.line || placed.track === undefined;
    grid.across(line, right + 1, placed.track === undefined || line === placed.line ? labels - 1 : trackColumn(layout, placed.track), kind === 'inherit', kind === 'inherit' ? 'dim' : undefined);
    if (!whole) continue;
    const here = line === placed.line;
    grid.put(line, labels - 1, here ? grid.arrow : grid.openArrow);
    const label = labelOf(placed);
    grid.put(line, labels + 1, label, here ? (placed.instance.gone ? 'yellow' : 'green') : 'dim');
  }
}
