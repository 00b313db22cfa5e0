import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linesOf, readConsole, shows } from './lib/console.ts';
import { readPage, type Block } from './lib/doc.ts';
import { pages } from './lib/pages.ts';
import { Programs } from './lib/programs.ts';
import { Session } from './lib/session.ts';
import { cannot, missing, World } from './lib/world.ts';

const why = cannot() ?? missing('bash', 'bash') ?? missing('ip', 'iproute2') ?? missing('ps', 'procps') ?? missing('ping', 'iputils-ping');

/** Fails with both texts where output is not what the page shows. */
function compare(shown: readonly string[], out: string, message: string): void {
  if (!shows(shown, linesOf(out))) expect(out, message).toBe(shown.map((line) => `${line}\n`).join(''));
}

/** The examples of the pages, in order, as a reader would run them; each page in a world of its own. */
describe.skipIf(why !== undefined)(`the documents${why === undefined ? '' : `: ${why}`}`, () => {
  describe.each(pages.map((page) => [page, readPage(page)] as const))('%s', (page, all) => {
    const blocks = all.filter(({ notRun }) => notRun === undefined);
    const programs = blocks.filter(({ language, file }) => language === 'ts' && file === undefined);
    let world: World;
    let session: Session;
    let built: Programs;
    let before: readonly string[];

    beforeAll(async () => {
      ({ world, before } = await World.started());
      session = await Session.open(world);
      built = new Programs(world, programs);
    });
    afterAll(() => world[Symbol.asyncDispose]());

    /** What `destroy` calls dying though only the kernel is slow to free it is gone a moment later: then that line is no part of what is shown. */
    const settled = async (shown: readonly string[], out: string): Promise<string> => {
      const lines = linesOf(out).filter((line) => !/^\S+ is dying: /.test(line));
      if (lines.length === linesOf(out).length || !shows(shown, lines)) return out;
      await expect.poll(() => world.ok('gc').then(() => world.ok('ls', '--dying')), { timeout: 2000 }).not.toMatch(/ dying /);
      return lines.map((line) => `${line}\n`).join('');
    };

    const typed = async (block: Block): Promise<void> => {
      for (const { line, command, output, mayFail } of readConsole(block)) {
        const at = `${page}:${line}: ${command}`;
        const { status, out } = await session.run(command);
        if (!mayFail) expect(status, `${at}\n${out}`).toBe(0);
        if (output.length > 0) compare(output, await settled(output, out), at);
      }
    };

    const program = async (block: Block): Promise<void> => {
      const { status, out, err } = await built.run(block);
      expect({ status, err }, `${page}:${block.line}`).toEqual({ status: 0, err: '' });
      const next = all[all.indexOf(block) + 1];
      if (next?.output === true) compare(linesOf(next.text), out, `${page}:${next.line}`);
    };

    const tree = async (block: Block): Promise<void> => {
      const file = world.file(`${block.line}.rc`, block.text);
      await world.ok('up', '--dry-run', file);
      await world.ok('up', file);
      expect(await world.ok('up', file)).toMatch(/^(\d+) images?: \1 kept$/m);
      await world.ok('down', file);
    };

    if (programs.length > 0) {
      it('its programs compile', async () => {
        expect(await built.compile()).toBe('');
      });
    }

    it.each(blocks.filter(({ language, file }) => language !== 'text' || file !== undefined).map((block) => [block.line, block.language, block] as const))('line %i: %s', async (_line, language, block) => {
      if (block.file !== undefined) await session.file(block.file, block.text);
      else if (language === 'console') await typed(block);
      else if (language === 'ts') await program(block);
      else if (language === 'rc') await tree(block);
      else throw new Error(`a block in ${language} is not run by anything: say why, as "not run: REASON"`);
    });

    it('leaves nothing', async () => {
      await session.close();
      await expect.poll(async () => {
        await world.ok('gc');
        return world.traces();
      }, { timeout: 10_000 }).toEqual(before);
    });
  });
});
