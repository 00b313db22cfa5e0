import { readFileSync } from 'node:fs';
import path from 'node:path';
import { workspace } from './world.ts';

/** A fenced block of a page. Its info string is `LANGUAGE [file=NAME] [output] [not run: REASON]`. */
export interface Block {
  /** Below the workspace: `docs/net.md`. */
  readonly page: string;
  /** Of the page, of its first line of text; from 1. */
  readonly line: number;
  readonly language: string;
  /** The text is a file of this name, where the commands of the page run. */
  readonly file: string | undefined;
  /** It is what the block before it prints. */
  readonly output: boolean;
  /** Why nothing of it is run, or undefined. */
  readonly notRun: string | undefined;
  readonly text: string;
}

/** The fenced blocks of a page, in order. Throws at what would otherwise be passed over in silence. */
export function readPage(page: string, source: string = readFileSync(path.join(workspace, page), 'utf8')): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly info: string; readonly text: string[] } | undefined;
  for (const [i, line] of source.split('\n').entries()) {
    const fence = /^( *)(```+|~~~+)(.*)$/.exec(line);
    if (fence === null) open?.text.push(line);
    else if (fence[1] !== '' || fence[2] !== '```') throw new Error(`${page}:${i + 1}: fences are three backticks at the left`);
    else if (open === undefined) open = { line: i + 2, info: fence[3] ?? '', text: [] };
    else if (fence[3] !== '') throw new Error(`${page}:${i + 1}: a block begins within one`);
    else {
      blocks.push({ page, line: open.line, ...readInfo(open.info, `${page}:${open.line - 1}`), text: open.text.map((each) => `${each}\n`).join('') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line - 1}: the block does not end`);
  return blocks;
}

function readInfo(info: string, at: string): Pick<Block, 'language' | 'file' | 'output' | 'notRun'> {
  const [, language = '', file, output, notRun, more = ''] = /^([a-z]*)(?: file=(\S+))?( output)?(?: not run: (.+))?(.*)$/.exec(info) ?? [];
  if (language === '') throw new Error(`${at}: the block has no language; what is no example is "text"`);
  if (more !== '') throw new Error(`${at}: "${info}": expected LANGUAGE [file=NAME] [output] [not run: REASON]`);
  return { language, file, output: output !== undefined, notRun };
}
