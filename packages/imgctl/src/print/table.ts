import { inUtf8 } from './style.ts';
import { printable, width, wrap } from './text.ts';

export interface Column<T> {
  readonly head: string;
  readonly of: (row: T) => string;
  /** Numbers stand right. */
  readonly right?: boolean;
  /** Of the last column: what has no room loses that, instead of going on below. */
  readonly cut?: 'end' | 'beginning';
  /** Colours a cell after it was measured. */
  readonly paint?: (text: string, row: T) => string;
}

export interface TableOptions {
  readonly paintHead?: (text: string) => string;
  /** No line is wider, where the last column has room for some words then. */
  readonly columns?: number | undefined;
}

/** Columns below which text is not broken, or cut, any more. */
const leastText = 24;
const leastCut = 4;

/** Aligned lines under their headings; the last column is never padded. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], { paintHead = (text) => text, columns: most = Infinity }: TableOptions = {}): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.of(row)) || '-'));
  const widths = columns.map((column, i) => Math.max(width(column.head), ...cells.map((line) => width(line[i] ?? ''))));
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, each) => sum + each + 2, 0);
  const room = most - before < (columns[last]?.cut === undefined ? leastText : leastCut) ? Infinity : most - before;
  const place = (text: string, i: number, shown: string): string => {
    const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(text)));
    if (columns[i]?.right === true) return gap + shown;
    return i === last ? shown : shown + gap;
  };
  const head = columns.map((column, i) => place(column.head, i, paintHead(column.head))).join('  ');
  const body = rows.flatMap((row, r) => {
    const painted = (text: string, i: number): string => columns[i]?.paint?.(text, row) ?? text;
    const [first = '', ...more] = fitted(cells[r]?.[last] ?? '', room, columns[last]?.cut);
    const line = columns.map((_, i) => {
      const text = i === last ? first : cells[r]?.[i] ?? '';
      return place(text, i, painted(text, i));
    }).join('  ');
    return [line, ...more.map((text) => ' '.repeat(before) + painted(text, last))];
  });
  return [head, ...body].map((line) => line.trimEnd());
}

function fitted(text: string, room: number, cut: Column<unknown>['cut']): readonly string[] {
  if (width(text) <= room) return [text];
  if (cut === undefined) return wrap(text, room);
  const mark = inUtf8() ? '…' : '~';
  const shown = [...text];
  return [cut === 'end' ? `${shown.slice(0, room - 1).join('')}${mark}` : `${mark}${shown.slice(1 - room).join('')}`];
}
