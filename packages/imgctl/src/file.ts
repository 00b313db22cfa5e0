import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileError, parseFile, parseImage, sections, VimageError, type FileImage, type ForeignNote, type Tables } from '@vimage/core';
import type { Context } from './context.ts';
import { foreignFile } from './foreign.ts';
import { componentsOf } from './input.ts';
import { told, type Told } from './print/error.ts';
import { resolveHosts } from './resolve.ts';

export interface TreeImage extends FileImage {
  readonly children: readonly TreeImage[];
}

/** A file, read and checked. */
export interface Tree {
  readonly images: readonly TreeImage[];
  readonly tables: Tables;
  /** Text of every file that was read, by path. */
  readonly sources: ReadonlyMap<string, string>;
  /** What has become of each parameter, where the file is of another system. */
  readonly notes: readonly ForeignNote[];
}

export interface Reading {
  /** Whether each image is checked (true unless given). */
  readonly check?: boolean;
  /** Component that reads the file, whatever it is called. */
  readonly as?: string | undefined;
}

/** Reads a file (`-`: standard input), and checks every image of it before anything is done. Errors show the line. */
export async function readTree(cx: Context, file: string, { check = true, as }: Reading = {}): Promise<Tree> {
  const sources = new Map<string, string>();
  cx.sources = sources;
  const name = file === '-' ? 'stdin' : file;
  const source = file === '-' ? await text(process.stdin) : await read(file);
  sources.set(name, source);
  const foreign = await foreignFile(cx, name, source, sources, as);
  const images = foreign?.images ?? await parseFile(source, { file: name, sources, read: (path) => readFile(path, 'utf8') });
  const notes = foreign?.notes ?? [];
  if (!check) return { images, tables: await cx.tables([]), sources, notes };
  const tables = await cx.tables(allComponents(images)).catch((error: unknown) => {
    throw error instanceof VimageError ? placed(error, images) : error;
  });
  return { images: await Promise.all(images.map((image) => checked(image, tables))), tables, sources, notes };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new VimageError(code ?? 'EIO', `cannot read ${file}: ${code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : (cause as Error).message}`, { subject: file, cause });
  }
}

/** An error about a component, told of where it is first named. */
function placed(error: VimageError, images: readonly FileImage[]): VimageError {
  for (const image of images) {
    const pair = image.pairs.findIndex(([key, value]) => key === 'vir' && value === error.subject);
    if (pair >= 0) return fileError(error, { ...image, place: image.places[pair] ?? image.place }, 0);
    const inside = placed(error, image.children);
    if (inside !== error) return inside;
  }
  return error;
}

function allComponents(images: readonly FileImage[]): readonly string[] {
  return [...new Set(images.flatMap((image) => [...componentsOf(image.pairs), ...allComponents(image.children)]))];
}

async function checked(image: FileImage, tables: Tables): Promise<TreeImage> {
  try {
    const pairs = await resolveHosts(image.pairs, tables);
    parseImage(pairs, tables, { access: 'create' });
    return { ...image, pairs, children: await Promise.all(image.children.map((child) => checked(child, tables))) };
  } catch (error) {
    throw error instanceof VimageError && error.place?.line === undefined ? fileError(error, image, 0) : error;
  }
}

/** An error about the image of this full name, told of its place in the file. */
export function pointInto(tree: Tree, name: string, error: VimageError): Told {
  let image: TreeImage | undefined;
  let images = tree.images;
  for (let rest = name; ;) {
    image = images.find((each) => rest === each.name || rest.startsWith(`${each.name}.`));
    if (image === undefined || rest === image.name) break;
    rest = rest.slice(image.name.length + 1);
    images = image.children;
  }
  const lead = image === undefined || sections(image.pairs).image.some(([key]) => key === 'persist') ? 1 : 2;
  const placed = image === undefined ? error : fileError(error, image, lead);
  const known = told(placed);
  return known === undefined ? { code: error.code, message: error.message } : { ...known, message: `${name}: ${known.message}` };
}
