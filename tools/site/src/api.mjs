// The API: TypeDoc reads what packages export, with their doc comments, and writes a page of Markdown for each entry.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Application } from 'typedoc';
import { entries, root } from './sources.mjs';

/** Markdown pages by the names under which the entries are imported. */
export async function api() {
  const all = entries();
  const scratch = mkdtempSync(path.join(root, 'tools/site/.api-'));
  try {
    const tsconfig = path.join(scratch, 'tsconfig.json');
    writeFileSync(tsconfig, JSON.stringify({
      extends: path.join(root, 'tsconfig.base.json'),
      compilerOptions: { composite: false, emitDeclarationOnly: false, noEmit: true, customConditions: ['vimage-source'], types: ['node'], rootDir: root },
      files: all.map(({ source }) => path.join(root, source)),
    }));
    const app = await Application.bootstrapWithPlugins({
      entryPoints: all.map(({ source }) => path.join(root, source)),
      tsconfig,
      basePath: root,
      plugin: ['typedoc-plugin-markdown'],
      outputs: [{ name: 'markdown', path: scratch }],
      readme: 'none', logLevel: 'Error', disableSources: true, excludeExternals: true, excludePrivate: true, skipErrorChecking: true, validation: false, disableGit: true,
      outputFileStrategy: 'modules', hidePageHeader: true, hideBreadcrumbs: true, useHTMLAnchors: true, useCodeBlocks: true,
      interfacePropertiesFormat: 'table', typeAliasPropertiesFormat: 'table', parametersFormat: 'table', propertyMembersFormat: 'table', typeDeclarationFormat: 'table',
    });
    const project = await app.convert();
    if (project === undefined) throw new Error('TypeDoc could not read the sources');
    const modules = project.children ?? [];
    const pages = new Map();
    for (const module of modules) {
      const at = all.find(({ source }) => source.replace(/(\/index)?\.ts$/, '').replace(/^packages\//, '') === module.name.replace(/^packages\//, ''));
      if (at === undefined) throw new Error(`no entry for the module ${module.name}`);
      module.name = at.name;
    }
    await app.generateOutputs(project);
    for (const { name } of all) pages.set(name, readFileSync(path.join(scratch, `${name}.md`), 'utf8'));
    return pages;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
