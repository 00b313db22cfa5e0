import { stripVTControlCharacters } from 'node:util';
import { width } from '../print/text.ts';

/** q, Escape, ^C and ^D, each by itself: an arrow begins with Escape. */
const quitKeys: ReadonlySet<string> = new Set(['q', 'Q', '\u001b', '\u0003', '\u0004']);

/** A terminal's other screen, as less(1) takes it: what was there before comes back. */
export class Screen implements Disposable {
  readonly #quit: () => void;
  #lines: () => readonly string[] = () => [];

  /** `quit`: called when q, Escape or ^C is typed. */
  constructor(quit: () => void) {
    this.#quit = quit;
    process.stdout.write('\u001b[?1049h\u001b[?25l');
    process.stdout.on('resize', this.#draw);
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(true);
      process.stdin.on('data', this.#typed).resume();
    }
  }

  readonly #typed = (keys: Buffer): void => {
    if (quitKeys.has(keys.toString())) this.#quit();
  };

  /** Shows these lines in the place of all that was there: as many as there is room for, also when the terminal's size is another one. */
  show(lines: () => readonly string[]): void {
    this.#lines = lines;
    this.#draw();
  }

  readonly #draw = (): void => {
    const lines = this.#lines();
    const { rows = 24, columns = 80 } = process.stdout;
    const left = lines.length - (rows - 1);
    const shown = left > 0 ? [...lines.slice(0, rows - 2), `... and ${left + 1} more`] : lines;
    process.stdout.write(`\u001b[H${shown.map((line) => `${width(line) > columns ? stripVTControlCharacters(line).slice(0, columns) : line}\u001b[K`).join('\r\n')}\u001b[J`);
  };

  [Symbol.dispose](): void {
    process.stdout.off('resize', this.#draw);
    if (process.stdin.isTTY) {
      process.stdin.off('data', this.#typed).pause();
      process.stdin.setRawMode(false);
    }
    process.stdout.write('\u001b[?25h\u001b[?1049l');
  }
}
