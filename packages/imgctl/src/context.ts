import { imageParams, paramInfo, registrable, suggestion, VimageError } from '@vimage/core';
import type { AnyComponent, ImageHandle, Kernel, Pairs, ParamRow, Tables } from '@vimage/core';
import { discover, here, type Discovery, type Found, type Warning } from './discover.ts';
import { howToInstall } from './install.ts';
import { errorLines, told, type Told } from './print/error.ts';
import { columnsOf, painter, type Style } from './print/style.ts';
import { table, type Column } from './print/table.ts';
import { printable } from './print/text.ts';

/** Exit statuses; `--help` and docs/imgctl.md have the same list. */
export const status: { readonly ok: 0; readonly failed: 1; readonly usage: 2; readonly bug: 70; readonly ours: 125 } = { ok: 0, failed: 1, usage: 2, bug: 70, ours: 125 };

/** What one run of imgctl has: its output, the components found, and the kernel once something needs it. */
export class Context implements AsyncDisposable {
  json = false;
  /** No warnings: a shell asks for candidates. */
  quiet = false;
  /** What `--component` named. */
  readonly asked: string[] = [];
  /** Words after the first `--`; undefined when there was none. */
  readonly rest: readonly string[] | undefined;
  /** The pairs that errors point into, once they are known. */
  pairs: Pairs | undefined;
  /** Text of the files that errors point into, by path. */
  sources: ReadonlyMap<string, string> | undefined;
  readonly paint: (style: Style, text: string) => string = painter(process.stdout);
  #discovery: Discovery | undefined;
  readonly #loaded = new Map<string, Promise<AnyComponent | Warning>>();
  readonly #warned = new Set<string>();
  #kernel: Promise<Kernel> | undefined;

  constructor(rest?: readonly string[]) {
    this.rest = rest;
  }

  /** Writes lines for the reader, or nothing when there are none. */
  print(...lines: readonly string[]): void {
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** The one JSON document of a command, or one line of a stream. */
  document(value: unknown, indent: number = process.stdout.isTTY ? 2 : 0): void {
    process.stdout.write(`${JSON.stringify(value, undefined, indent)}\n`);
  }

  /** Prints a result: as JSON where asked, else as lines. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.document(value);
    else this.print(...lines());
  }

  /** Columns that a line may take as the terminal is now; undefined: any number. */
  get columns(): number | undefined {
    return columnsOf(process.stdout);
  }

  /** A table as wide as the terminal. */
  table<T>(rows: readonly T[], columns: readonly Column<T>[]): readonly string[] {
    return table(rows, columns, { paintHead: (text) => this.paint('dim', text), columns: this.columns });
  }

  /** One line on stderr, once. */
  warn(warning: Pick<Warning, 'code' | 'message'>): void {
    if (this.quiet || this.#warned.has(warning.message)) return;
    this.#warned.add(warning.message);
    const { code, message } = warning;
    const paint = painter(process.stderr);
    process.stderr.write(this.json ? `${JSON.stringify({ warning: { code, message } })}\n` : `imgctl: ${paint('yellow', 'warning')}: ${printable(message)}\n`);
  }

  /** One line on stderr that asks for nothing; in JSON it is part of the document. */
  note(line: string): void {
    if (!this.json && !this.quiet) process.stderr.write(`imgctl: ${printable(line)}\n`);
  }

  /** An error on stderr, as text or as one line of JSON. */
  fail(error: Told): void {
    const lines = this.json ? [JSON.stringify({ error })] : errorLines(error, painter(process.stderr), { pairs: this.pairs, sources: this.sources });
    process.stderr.write(`${lines.join('\n')}\n`);
  }

  /** Tells of anything thrown; the exit status that goes with it. */
  failure(error: unknown): number {
    const known = told(error);
    if (known !== undefined) {
      this.fail(known);
      return known.code === 'EUSAGE' ? status.usage : status.failed;
    }
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    process.stderr.write(`imgctl: this is a bug in vimage, please report it\n${text}\n`);
    return status.bug;
  }

  /** Which components there are; nothing of them has run yet. */
  discovery(): Discovery {
    if (this.#discovery === undefined) {
      this.#discovery = discover(here(this.asked));
      for (const warning of this.#discovery.warnings) this.warn(warning);
    }
    return this.#discovery;
  }

  /**
   * Components of these names and what they require, or all; what cannot be used is warned of and left out.
   * Names that nobody carries are left out silently: {@link need} is for what must be there.
   */
  async components(names?: readonly string[]): Promise<readonly AnyComponent[]> {
    const { found } = this.discovery();
    const wanted = names === undefined ? found : found.filter((each) => names.includes(each.component));
    const loaded = await Promise.all(wanted.map((each) => this.#load(each)));
    const components = loaded.filter((each): each is AnyComponent => {
      if (!('message' in each)) return true;
      this.warn(each);
      return false;
    });
    if (names === undefined) return this.#registrable(components);
    const required = components.flatMap((component) => component.requires ?? []).filter((name) => !names.includes(name));
    return required.length === 0 ? this.#registrable(components) : this.components([...names, ...required]);
  }

  /** Without those that cannot be registered with the others, each with a warning. */
  #registrable(components: readonly AnyComponent[]): readonly AnyComponent[] {
    const { fit, unfit } = registrable(components);
    for (const { code, message } of unfit) this.warn({ code, message: `left out: ${message}` });
    return fit;
  }

  /** As {@link components}, but each of these names must be there: ENOENT says which package would carry it. */
  async need(names: readonly string[]): Promise<readonly AnyComponent[]> {
    for (const name of names) {
      const found = this.discovery().found.find((each) => each.component === name);
      if (found === undefined) throw this.#missing(name);
      const loaded = await this.#load(found);
      if (!('message' in loaded)) continue;
      throw new VimageError('ENOENT', loaded.message, { subject: name, hint: `mend or replace the package in ${found.directory}` });
    }
    return this.components(names);
  }

  /** Every parameter of these components (or of all), and the image's own. */
  async tables(names?: readonly string[]): Promise<Tables & { readonly image: typeof imageParams }> {
    const components = names === undefined ? await this.components() : await this.need(names);
    return { image: imageParams, components: new Map(components.map(({ name, params }) => [name, params])) };
  }

  /** Parameters as rows: the image's own, then each component's. */
  async params(names?: readonly string[]): Promise<readonly ParamRow[]> {
    const components = await this.components(names);
    return [...paramInfo('', imageParams), ...components.flatMap(({ name, params }) => paramInfo(name, params))];
  }

  /** The kernel, booted at first use. EPERM says which right is missing. */
  kernel(): Promise<Kernel> {
    this.#kernel ??= this.components().then((components) => this.#boot(components));
    return this.#kernel;
  }

  /** The kernel without any component: enough for names and processes, and quicker. */
  bareKernel(): Promise<Kernel> {
    this.#kernel ??= this.#boot([]);
    return this.#kernel;
  }

  /** The kernel, for a command that changes something: what dead processes left behind is undone first. */
  async changingKernel(): Promise<Kernel> {
    const kernel = await this.kernel();
    for (const line of await kernel.gc()) this.warn({ code: 'EOWNERDEAD', message: `gc: ${line}` });
    return kernel;
  }

  /** Makes an image; what is not as it was asked is warned of. */
  async create(pairs: Pairs): Promise<ImageHandle> {
    const image = await (await this.changingKernel()).create(pairs);
    for (const note of image.notes) this.warn({ code: 'EOPNOTSUPP', message: note });
    return image;
  }

  /** The component in whose package the innermost line of a stack stands that is no part of Node. */
  ownerOf(stack: string): string | undefined {
    const line = stack.split('\n').find((each) => each.startsWith('    at ') && !each.includes('node:'));
    return this.#discovery?.found.find(({ component, directory }) => this.#loaded.has(component) && line?.includes(`${directory}/`) === true)?.component;
  }

  async #boot(components: readonly AnyComponent[]): Promise<Kernel> {
    const [{ boot }, { linux }] = await Promise.all([import('@vimage/core'), import('@vimage/linux')]);
    return boot({ substrate: linux(), components });
  }

  #load(found: Found): Promise<AnyComponent | Warning> {
    let loading = this.#loaded.get(found.component);
    if (loading === undefined) {
      loading = import('./load.ts').then(({ load }) => load(found));
      this.#loaded.set(found.component, loading);
    }
    return loading;
  }

  #missing(name: string): VimageError {
    const names = this.discovery().found.map((each) => each.component);
    const near = suggestion(name, names);
    const known = names.length > 0 ? `found: ${names.join(', ')}` : 'none was found';
    const stand = { self: here([]).self, cwd: process.cwd(), pnp: process.versions['pnp'] !== undefined };
    const install = /^[a-z][a-z0-9]{0,15}$/.test(name) ? `\nis its package installed? for example: ${howToInstall(`@vimage/v${name}`, stand)}; the package vimage has all of them` : '';
    return new VimageError('ENOENT', `no component "${name}"`, {
      subject: name,
      hint: near === undefined ? `${known}${install}` : `${near}${install}`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const booted = this.#kernel;
    this.#kernel = undefined;
    if (booted !== undefined) await booted.then((kernel) => kernel.close(), () => undefined);
  }
}
