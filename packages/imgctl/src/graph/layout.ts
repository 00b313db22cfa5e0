import { width, wrap } from '../print/text.ts';
import { instanceText, type Graph, type GraphImage, type Instance } from './model.ts';
import { rowsOf, titleOf, type Row } from './rows.ts';

/** A box in cells: lines down, columns to the right, both from 0. */
export interface Box {
  readonly image: GraphImage;
  /** Column of its left edge; all end at the layout's `right`. */
  readonly left: number;
  /** Line of the title; a line of its own below the rows closes it. */
  readonly top: number;
  readonly bottom: number;
  readonly title: string;
  readonly rows: readonly PlacedRow[];
  /** Title lines of its children. */
  readonly children: readonly number[];
}

export interface PlacedRow {
  readonly row: Row;
  readonly line: number;
  /** One for each line it takes. */
  readonly texts: readonly string[];
}

/** An arrow's way into an instance. */
export interface Use {
  readonly line: number;
  readonly kind: Row['kind'];
}

/** An instance at the right, with the lines of the slots that point at it. */
export interface Placed {
  readonly instance: Instance;
  /** Where it stands: beside the slot of its maker, or of the first that is shown. */
  readonly line: number;
  /** The column between boxes and instances in which several arrows run together; undefined where there is one arrow, or no column left. */
  readonly track: number | undefined;
  readonly uses: readonly Use[];
}

/** Images at the left as a tree of boxes, instances at the right, tracks for the arrows between them. */
export interface Layout {
  readonly boxes: readonly Box[];
  readonly placed: readonly Placed[];
  /** Title lines of the tops, where they hang on the image in which imgctl runs. */
  readonly tops: readonly number[];
  readonly lines: number;
  /** Column of the boxes' right edges, and of the instances. */
  readonly right: number;
  readonly labels: number;
}

export interface LayoutOptions {
  /** Columns there are. */
  readonly columns: number;
  readonly all: boolean;
}

/** Columns by which a child stands further to the right. */
export const indent = 3;
const mostTracks = 8;
/** Columns that are left for what instances are called. */
const leastLabel = 14;
const leastBox = 26;
const widestBox = 62;

/** Places everything. What has no room is cut, and said in the boxes anyway. */
export function layoutOf({ root, tops }: Graph, { columns, all }: LayoutOptions): Layout {
  const from = root ? indent - 1 : 0;
  const rows = new Map<GraphImage, readonly Row[]>();
  const measure = (image: GraphImage, left: number): { readonly wanted: number; readonly least: number } => {
    const mine = rowsOf(image, all);
    rows.set(image, mine);
    const pad = Math.max(0, ...mine.map(({ component }) => width(component)));
    const inner = [width(titleOf(image, ' · ')) + 2, ...mine.map((row) => (row.kind === 'note' ? leastBox : width(row.kind === 'rest' ? row.text : cellText(row, pad))))];
    const below = image.children.map((child) => measure(child, left + indent));
    return {
      wanted: Math.max(left + Math.max(...inner) + 4, ...below.map(({ wanted }) => wanted)),
      least: Math.max(left + leastBox, ...below.map(({ least }) => least)),
    };
  };
  const sizes = tops.map((image) => measure(image, from));
  const wanted = Math.min(Math.max(leastBox, ...sizes.map((size) => size.wanted)), Math.floor(columns * 0.64), widestBox + from);
  const right = Math.max(wanted, ...sizes.map(({ least }) => least)) - 1;

  const boxes: Box[] = [];
  let line = root ? 1 : 0;
  const place = (image: GraphImage, left: number): number => {
    const top = line;
    const mine = rows.get(image) ?? [];
    const room = right - left - 3;
    const pad = Math.max(0, ...mine.map(({ component }) => width(component)));
    line += 1;
    const placedRows = mine.map((row): PlacedRow => {
      const texts = row.kind === 'rest' || row.kind === 'note' ? hang(row.text, room) : [cut(cellText(row, pad), room)];
      const at = line;
      line += texts.length;
      return { row, line: at, texts };
    });
    const bottom = line++;
    const index = boxes.push({ image, left, top, bottom, title: cut(titleOf(image, ' · '), room, true), rows: placedRows, children: [] }) - 1;
    const children = image.children.map((child) => place(child, left + indent));
    const box = boxes[index];
    if (box !== undefined) boxes[index] = { ...box, children };
    return top;
  };
  const topLines = tops.map((image) => place(image, from));
  const placed = connect(boxes, Math.max(0, Math.min(mostTracks, Math.floor((columns - right - 4 - leastLabel) / 2))));
  const tracks = Math.max(0, ...placed.map(({ track }) => (track ?? -1) + 1));
  return { boxes, placed, tops: root ? topLines : [], lines: line, right, labels: right + 4 + 2 * tracks };
}

function cellText(row: Row, pad: number): string {
  return `${row.component}${' '.repeat(pad - width(row.component))}  ${row.text}`;
}

/** Text in lines, the further ones set in. */
function hang(text: string, room: number): readonly string[] {
  const [first = '', ...more] = wrap(text, room);
  const rest = more.length === 0 ? [] : wrap(text.slice(first.length + 1), room - 2);
  return [first, ...rest.map((each) => `  ${each}`)].map((each) => cut(each, room));
}

/** Text in so many columns; what is too long loses its end, or (a name, whose end tells most) its beginning. */
export function cut(text: string, room: number, front = false): string {
  const chars = [...text];
  if (chars.length <= room) return text;
  return front ? `…${chars.slice(chars.length - Math.max(0, room - 1)).join('')}` : `${chars.slice(0, Math.max(0, room - 1)).join('')}…`;
}

/** Instances with what points at them. Whoever is used by several rows gets a track of its own between its first and its last line. */
function connect(boxes: readonly Box[], most: number): readonly Placed[] {
  const uses = new Map<Instance, Use[]>();
  for (const { row, line } of boxes.flatMap((box) => box.rows)) {
    if (row.instance !== undefined) uses.set(row.instance, [...(uses.get(row.instance) ?? []), { line, kind: row.kind }]);
  }
  const ends: number[] = [];
  return [...uses].map(([instance, mine]): Placed => {
    const lines = mine.map(({ line }) => line);
    const line = mine.find(({ kind }) => kind === 'own')?.line ?? Math.min(...lines);
    if (lines.length === 1) return { instance, line, track: undefined, uses: mine };
    // A line between two that follow each other in one track keeps them apart.
    const free = ends.findIndex((end) => end < Math.min(...lines));
    const track = free >= 0 ? free : ends.length;
    if (track >= most) return { instance, line, track: undefined, uses: mine };
    ends[track] = Math.max(...lines);
    return { instance, line, track, uses: mine };
  });
}

/** What stands beside an instance's arrow. */
export function labelOf({ instance }: Placed): string {
  return instanceText(instance);
}
