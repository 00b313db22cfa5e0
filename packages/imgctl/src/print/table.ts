import { printable, width } from './text.ts';

export interface Column<T> {
  readonly head: string;
  readonly of: (row: T) => string;
  /** Numbers stand right. */
  readonly right?: boolean;
  /** Colours a cell after it was measured. */
  readonly paint?: (text: string, row: T) => string;
}

/** Aligned lines under their headings; the last column is never cut or padded. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], paintHead: (text: string) => string = (text) => text): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.of(row)) || '-'));
  const widths = columns.map((column, i) => Math.max(width(column.head), ...cells.map((line) => width(line[i] ?? ''))));
  const place = (text: string, i: number, shown: string): string => {
    const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(text)));
    if (columns[i]?.right === true) return gap + shown;
    return i === columns.length - 1 ? shown : shown + gap;
  };
  const head = columns.map((column, i) => place(column.head, i, paintHead(column.head))).join('  ');
  const body = rows.map((row, r) => columns.map((column, i) => {
    const text = cells[r]?.[i] ?? '';
    return place(text, i, column.paint?.(text, row) ?? text);
  }).join('  '));
  return [head, ...body].map((line) => line.trimEnd());
}
