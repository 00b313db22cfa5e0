import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Block } from './doc.ts';
import { workspace, type Result, type World } from './world.ts';

/** The `ts` blocks of a page as programs of somebody who has installed the packages. */
export class Programs {
  readonly #world: World;
  readonly #at: string;

  constructor(world: World, blocks: readonly Block[]) {
    this.#world = world;
    this.#at = path.join(world.scratch, 'programs');
    mkdirSync(path.join(this.#at, 'src'), { recursive: true });
    symlinkSync(path.join(workspace, 'node_modules'), path.join(this.#at, 'node_modules'));
    writeFileSync(path.join(this.#at, 'package.json'), '{ "type": "module" }\n');
    writeFileSync(path.join(this.#at, 'tsconfig.json'), JSON.stringify({
      extends: path.join(workspace, 'tsconfig.base.json'),
      compilerOptions: { composite: false, emitDeclarationOnly: false, types: ['node'], rootDir: 'src', outDir: 'out' },
      include: ['src'],
    }));
    // Lines of the file are lines of the page.
    for (const block of blocks) writeFileSync(path.join(this.#at, 'src', `${name(block)}.ts`), '\n'.repeat(block.line - 1) + block.text);
  }

  /** Compiles all of them under the workspace's own settings; what the compiler says against them. */
  async compile(): Promise<string> {
    const { out, err } = await this.#world.run([process.execPath, path.join(workspace, 'node_modules/typescript/bin/tsc'), '-p', this.#at]);
    return out + err;
  }

  run(block: Block): Promise<Result> {
    return this.#world.run([process.execPath, '--enable-source-maps', path.join(this.#at, 'out', `${name(block)}.js`)]);
  }
}

function name({ page, line }: Block): string {
  return `${path.basename(page, '.md')}-${line}`;
}
