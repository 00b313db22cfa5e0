import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { VimageError, codeOf } from '@vimage/core';
import type { Root } from '../params/root.ts';
import { layersOf, type Blob } from './oci.ts';
import { Rootfs } from './rootfs.ts';
import { readTar } from './tar.ts';

/** Unpacks an archive, or the layers of an image, into an empty directory. EBADMSG, EINVAL, ENOENT, ENOSPC, EOPNOTSUPP. */
export async function unpack(root: Extract<Root, { readonly kind: 'tar' | 'oci' }>, dir: string): Promise<void> {
  const blobs: readonly Blob[] = root.kind === 'tar' ? [{ path: root.path }] : await layersOf(root.path, root.tag);
  using into = new Rootfs(dir, root.kind === 'oci');
  for (const blob of blobs) {
    into.layer();
    await unpackBlob(blob, into);
  }
}

async function unpackBlob({ path, digest }: Blob, into: Rootfs): Promise<void> {
  const hash = createHash('sha256');
  try {
    await readTar(await contents(path, hash), into);
  } catch (error) {
    if (error instanceof VimageError) throw new VimageError(error.code, `${path}: ${error.message}`, { subject: error.subject ?? path, cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
    const code = codeOf(error) ?? 'EIO';
    if (code.startsWith('Z_')) throw new VimageError('EBADMSG', `${path}: damaged (${code})`, { subject: path, cause: error });
    throw new VimageError(code, `${path} cannot be unpacked: ${code}`, { subject: path, cause: error });
  }
  if (digest === undefined || hash.digest('hex') === digest) return;
  throw new VimageError('EBADMSG', `${path}: its content is not what its name says (sha256)`, { subject: path, hint: 'it was damaged, or changed, after it was made' });
}

/** Bytes of the archive; `hash` gets those of the file. */
async function contents(path: string, hash: ReturnType<typeof createHash>): Promise<AsyncIterable<Buffer>> {
  const magic = Buffer.alloc(4);
  const file = await open(path);
  try {
    await file.read(magic, 0, 4, 0);
  } finally {
    await file.close();
  }
  if (magic.readUInt32LE() === 0xfd2fb528) throw new VimageError('EOPNOTSUPP', 'it is compressed with zstd, which is not read here', { hint: 'unpack it first: zstd -d' });
  const source = hashed(createReadStream(path), hash);
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return source;
  return unzipped(source);
}

async function* hashed(source: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const bytes of source) {
    hash.update(bytes);
    yield bytes;
  }
}

async function* unzipped(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const fed = (async (): Promise<void> => {
    for await (const bytes of source) if (!gunzip.write(bytes)) await new Promise<void>((resolve) => { gunzip.once('drain', resolve).once('close', resolve); });
    gunzip.end();
  })();
  fed.catch((error: unknown) => gunzip.destroy(error instanceof Error ? error : undefined));
  yield* gunzip as AsyncIterable<Buffer>;
  await fed;
}
