import type { Style } from '../print/style.ts';

/** Where a line leaves a cell. */
export type Side = 'up' | 'down' | 'left' | 'right';

const bits: Readonly<Record<Side, number>> = { up: 1, down: 2, left: 4, right: 8 };
/** By the sides' bits. A way across another, which is not joined to it, is shown as the one that goes up and down. */
const unicode = ' ╵╷│╴┘┐┤╶└┌├─┴┬┼';
const ascii = " ''|-'.|-`.|-++ ";

interface Cell {
  readonly text: string;
  readonly style: Style | undefined;
}

/** Characters in lines and columns, each with its style. */
export class Grid {
  readonly #lines: (Cell | undefined)[][] = [];
  readonly #utf8: boolean;

  constructor(utf8: boolean) {
    this.#utf8 = utf8;
  }

  /** Writes text from a column on. */
  put(line: number, column: number, text: string, style?: Style): void {
    const cells = (this.#lines[line] ??= []);
    const plain = this.#utf8 ? text : text.replaceAll('…', '~').replaceAll('·', '-');
    for (const [i, char] of [...plain].entries()) cells[column + i] = { text: char, style };
  }

  /** Draws the piece of a line that leaves a cell at these sides. */
  draw(line: number, column: number, sides: readonly Side[], style?: Style): void {
    this.put(line, column, this.#piece(sides), style);
  }

  /** A way to the right, from one column up to another; one that goes up and down stays on top of it. `dotted`: of what is inherited. */
  across(line: number, from: number, to: number, dotted: boolean, style?: Style): void {
    const char = dotted ? (this.#utf8 ? '┄' : '.') : this.#piece(['left', 'right']);
    for (let column = from; column < to; column++) if (this.#lines[line]?.[column] === undefined) this.put(line, column, char, style);
  }

  get arrow(): string {
    return this.#utf8 ? '▶' : '>';
  }

  /** To something that is drawn elsewhere. */
  get openArrow(): string {
    return this.#utf8 ? '▷' : '>';
  }

  #piece(sides: readonly Side[]): string {
    const at = sides.reduce((sum, side) => sum | bits[side], 0);
    return (this.#utf8 ? unicode : ascii)[at] ?? ' ';
  }

  /** The lines as text, painted, none wider than that many columns. */
  lines(columns: number, paint: (style: Style, text: string) => string): readonly string[] {
    return Array.from(this.#lines, (cells = []) => {
      let end = cells.length;
      while (end > 0 && (cells[end - 1]?.text ?? ' ') === ' ') end--;
      const shown = Array.from({ length: Math.min(end, columns) }, (_, i) => cells[i] ?? blank);
      const last = shown.at(-1);
      if (end > columns && last !== undefined) shown[shown.length - 1] = { ...last, text: this.#utf8 ? '…' : '~' };
      let text = '';
      for (let i = 0; i < shown.length;) {
        const style = shown[i]?.style;
        let run = '';
        while (i < shown.length && shown[i]?.style === style) run += shown[i++]?.text ?? '';
        text += style === undefined ? run : paint(style, run);
      }
      return text;
    });
  }
}

const blank: Cell = { text: ' ', style: undefined };
