import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { VimageError, codeOf } from '@vimage/core';

/** A file of an image; `digest`: its sha256, in hexadecimal. */
export interface Blob {
  readonly path: string;
  readonly digest?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly tag: string | undefined;
  readonly os: string | undefined;
  readonly architecture: string | undefined;
}

const jsonMost = 4 << 20;
const depthMost = 4;
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** The layers of an image in an OCI image layout (image-layout.md of the image-spec), lowest first. EBADMSG, EINVAL, ENOENT, EOPNOTSUPP. */
export async function layersOf(dir: string, tag?: string): Promise<readonly Blob[]> {
  const path = `${dir}/index.json`;
  const all = listOf(await jsonOf(path), 'manifests', path);
  const tagged = tag === undefined ? all : all.filter((each) => each.tag === tag || each.tag?.endsWith(`:${tag}`) === true);
  if (tagged.length > 0) return layersAmong(dir, tagged, 0);
  const tags = all.flatMap((each) => each.tag ?? []);
  throw new VimageError('ENOENT', `${dir} has no image${tag === undefined ? '' : ` with the tag "${tag}"`}`, { subject: tag ?? dir, ...(tags.length > 0 ? { hint: `it has ${tags.join(', ')}` } : {}) });
}

async function layersAmong(dir: string, among: readonly Descriptor[], depth: number): Promise<readonly Blob[]> {
  const architecture = architectures[process.arch] ?? process.arch;
  const [one, ...others] = among.filter((each) => (each.os ?? 'linux') === 'linux' && (each.architecture ?? architecture) === architecture);
  if (one === undefined) throw new VimageError('ENOENT', `${dir} has no image for linux on ${architecture}`, { subject: dir });
  if (others.length > 0) throw new VimageError('EINVAL', `${dir} has ${others.length + 1} images for this machine`, { subject: dir, hint: `say which: oci:${dir}:TAG` });
  if (depth > depthMost) throw bad(dir, 'its indexes lead from one to the next without end');
  const { path, digest } = blobOf(dir, one.digest);
  const content = await jsonOf(path, digest);
  if (isRecord(content) && Array.isArray(content['manifests'])) return layersAmong(dir, listOf(content, 'manifests', path), depth + 1);
  return listOf(content, 'layers', path).map((layer) => {
    if (/tar(\+gzip)?$|tar\.gzip$/.test(layer.mediaType)) return blobOf(dir, layer.digest);
    throw new VimageError('EOPNOTSUPP', `${dir}: a layer of type ${JSON.stringify(layer.mediaType)} is not read here`, { subject: dir, hint: 'save the image with gzip layers' });
  });
}

function bad(path: string, why: string): VimageError {
  return new VimageError('EBADMSG', `${path}: ${why}`, { subject: path, hint: 'save the image again' });
}

function blobOf(dir: string, digest: string): Required<Blob> {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined) throw bad(dir, `${JSON.stringify(digest.slice(0, 80))} is no sha256 digest`);
  return { path: `${dir}/blobs/sha256/${hex}`, digest: hex };
}

async function jsonOf(path: string, digest?: string): Promise<unknown> {
  try {
    if ((await stat(path)).size > jsonMost) throw bad(path, 'it has more than 4 MiB');
    const bytes = await readFile(path);
    if (digest !== undefined && createHash('sha256').update(bytes).digest('hex') !== digest) throw bad(path, 'its content is not what its name says (sha256)');
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof VimageError) throw error;
    if (error instanceof SyntaxError) throw bad(path, 'it is no JSON');
    const code = codeOf(error) ?? 'EIO';
    throw new VimageError(code, `${path} cannot be read: ${code}`, { subject: path, cause: error, hint: 'an OCI image layout has index.json and blobs/' });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textIn(of: unknown, name: string): string | undefined {
  const value = isRecord(of) ? of[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function listOf(content: unknown, key: string, path: string): readonly Descriptor[] {
  const list: unknown = isRecord(content) ? content[key] : undefined;
  if (!Array.isArray(list)) throw bad(path, `it has no ${key}`);
  return list.map((each: unknown): Descriptor => {
    const digest = textIn(each, 'digest');
    if (!isRecord(each) || digest === undefined) throw bad(path, `one of its ${key} has no digest`);
    return {
      mediaType: textIn(each, 'mediaType') ?? '',
      digest,
      tag: textIn(each['annotations'], 'org.opencontainers.image.ref.name'),
      os: textIn(each['platform'], 'os'),
      architecture: textIn(each['platform'], 'architecture'),
    };
  });
}
