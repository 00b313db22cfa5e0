import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTar } from '../src/unpack/tar.ts';
import { unpack } from '../src/unpack/unpack.ts';
import { tar } from './tar.ts';

let dir = '';
let into = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vfs-unpack-'));
  into = `${dir}/into`;
  mkdirSync(into);
  writeFileSync(`${dir}/outside`, 'untouched');
});
afterEach(() => {
  expect(readFileSync(`${dir}/outside`, 'utf8')).toBe('untouched');
  rmSync(dir, { recursive: true });
});

async function unpacked(archive: Buffer): Promise<readonly string[]> {
  writeFileSync(`${dir}/a.tar`, archive);
  await unpack({ kind: 'tar', path: `${dir}/a.tar` }, into);
  return readdirSync(into, { recursive: true, encoding: 'utf8' }).sort();
}

describe('an archive', () => {
  test('is unpacked as tar does it', async () => {
    const from = `${dir}/from`;
    mkdirSync(`${from}/sub/${'d'.repeat(120)}`, { recursive: true });
    writeFileSync(`${from}/sub/file`, 'x'.repeat(3000), { mode: 0o640 });
    writeFileSync(`${from}/sub/${'d'.repeat(120)}/${'n'.repeat(150)}`, 'long');
    symlinkSync('sub/file', `${from}/link`);
    execFileSync('ln', [`${from}/sub/file`, `${from}/hard`]);
    execFileSync('chmod', ['4755', `${from}/sub/file`]);
    for (const format of ['gnu', 'pax', 'ustar'] as const) {
      rmSync(into, { recursive: true });
      mkdirSync(into);
      if (format === 'ustar') rmSync(`${from}/sub/${'d'.repeat(120)}`, { recursive: true });
      execFileSync('tar', ['-C', from, `--format=${format}`, '-czf', `${dir}/a.tar`, '.']);
      await unpack({ kind: 'tar', path: `${dir}/a.tar` }, into);
      expect(execFileSync('diff', ['-r', '--no-dereference', from, into], { encoding: 'utf8' })).toBe('');
      expect(statSync(`${into}/hard`).ino).toBe(statSync(`${into}/sub/file`).ino);
      expect(statSync(`${into}/sub/file`).mode & 0o7777).toBe(0o4755);
      expect(Math.floor(statSync(`${into}/sub/file`).mtimeMs / 1000)).toBe(Math.floor(statSync(`${from}/sub/file`).mtimeMs / 1000));
    }
  });

  test('leaves out devices and pipes', async () => {
    expect(await unpacked(tar({ name: 'sda', type: '4' }, { name: 'null', type: '3' }, { name: 'pipe', type: '6' }, { name: 'file', content: 'x' }))).toEqual(['file']);
  });

  test.each([
    ['..', tar({ name: '../outside', content: 'x' })],
    ['.. within', tar({ name: 'a/../../outside', content: 'x' })],
    ['a link on the way', tar({ name: 'l', type: '2', target: '..' }, { name: 'l/outside', content: 'x' })],
    ['a link on the way to a directory', tar({ name: 'l', type: '2', target: '..' }, { name: 'l/new/', type: '5' })],
    ['an absolute link on the way', tar({ name: 'l', type: '2', target: '/tmp' }, { name: 'l/outside', content: 'x' })],
    ['a hard link out', tar({ name: 'h', type: '1', target: '../outside' })],
    ['a hard link through a link', tar({ name: 'l', type: '2', target: '..' }, { name: 'h', type: '1', target: 'l/outside' })],
    ['a hard link to nothing', tar({ name: 'h', type: '1', target: 'none' })],
    ['a file on the way', tar({ name: 'f', content: 'x' }, { name: 'f/g', content: 'x' })],
  ])('that leads out is refused: %s', async (_what, archive) => {
    await expect(unpacked(archive)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('replaces a link, and does not write through it', async () => {
    await unpacked(tar({ name: 'l', type: '2', target: '../outside' }, { name: 'l', content: 'mine' }, { name: '/abs', content: 'in' }, { name: 'd', type: '2', target: '..' }, { name: 'd/', type: '5' }));
    expect(readFileSync(`${into}/l`, 'utf8')).toBe('mine');
    expect(readFileSync(`${into}/abs`, 'utf8')).toBe('in');
    expect(lstatSync(`${into}/d`).isDirectory()).toBe(true);
  });

  test.each([
    ['cut off', tar({ name: 'f', content: 'x'.repeat(2000) }).subarray(0, 1500)],
    ['without an end', tar({ name: 'f', content: 'x' }).subarray(0, 1024)],
    ['of another kind', Buffer.from('this is no archive at all'.repeat(40))],
    ['damaged', Buffer.concat([Buffer.alloc(100, 'x'), tar({ name: 'f', content: 'x' }).subarray(100)])],
    ['with a broken gzip', gzipSync(tar({ name: 'f', content: 'x' })).subarray(0, 60)],
  ])('%s is no archive', async (_what, archive) => {
    await expect(unpacked(archive)).rejects.toMatchObject({ code: 'EBADMSG' });
  });

  test('of any bytes ends, in what it is or in an error', async () => {
    const sink = { entry: () => undefined, data: () => undefined, end: () => undefined };
    const good = tar({ name: 'f', content: 'x'.repeat(700) }, { name: 'g', type: 'x', content: '11 path=ab\n' }, { name: 'l', type: '2', target: 'f' });
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), fc.integer({ min: 1, max: 2000 }), async (changes, size) => {
      const bytes = Buffer.from(good);
      for (const [i, value] of changes) bytes[i] = value;
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
      const source = async function* (): AsyncGenerator<Buffer> { yield* chunks; };
      await readTar(source(), sink).catch((error: unknown) => { expect(error).toMatchObject({ name: 'VimageError' }); });
    }), { numRuns: 200 });
  });
});

describe('an OCI image', () => {
  const blob = (bytes: Buffer): { readonly digest: string; readonly size: number } => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    mkdirSync(`${dir}/oci/blobs/sha256`, { recursive: true });
    writeFileSync(`${dir}/oci/blobs/sha256/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const tarLayer = 'application/vnd.oci.image.layer.v1.tar';
  function image(...layers: readonly Buffer[]): void {
    const list = layers.map((bytes) => ({ mediaType: `${tarLayer}+gzip`, ...blob(gzipSync(bytes)) }));
    const manifest = blob(json({ schemaVersion: 2, layers: list }));
    const inner = blob(json({ manifests: [{ ...manifest, platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch } }, { ...manifest, platform: { os: 'linux', architecture: 's390' } }] }));
    writeFileSync(`${dir}/oci/index.json`, json({ manifests: [{ ...inner, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }] }));
  }
  const all = async (tag?: string): Promise<readonly string[]> => {
    await unpack({ kind: 'oci', path: `${dir}/oci`, ...(tag === undefined ? {} : { tag }) }, into);
    return readdirSync(into, { recursive: true, encoding: 'utf8' }).sort();
  };

  test('is its layers, one over the other, with what they take away', async () => {
    image(
      tar({ name: 'a', content: 'old' }, { name: 'b', content: 'x' }, { name: 'd/one', content: 'x' }, { name: 'd/two', content: 'x' }, { name: 'e/f/g', content: 'x' }, { name: 'l', type: '2', target: 'a' }),
      tar({ name: 'a', content: 'new' }, { name: '.wh.b' }, { name: 'd/three', content: 'x' }, { name: 'd/.wh..wh..opq' }, { name: 'e/.wh.f' }, { name: 'l', content: 'file' }),
    );
    expect(await all('v1')).toEqual(['a', 'd', 'd/three', 'e', 'l']);
    expect(readFileSync(`${into}/a`, 'utf8')).toBe('new');
    expect(readFileSync(`${into}/l`, 'utf8')).toBe('file');
    await expect(all('v2')).rejects.toMatchObject({ code: 'ENOENT', hint: expect.stringContaining('v1') });
  });

  test('takes away nothing outside', async () => {
    image(tar({ name: 'l', type: '2', target: '..' }), tar({ name: 'l/.wh.outside' }));
    await expect(all()).rejects.toMatchObject({ code: 'EINVAL' });
    image(tar({ name: '.wh...' }));
    await expect(all()).rejects.toMatchObject({ code: 'EINVAL' });
    expect(readlinkSync(`${into}/l`)).toBe('..');
  });

  test('whose blobs are not what they are called is refused', async () => {
    image(tar({ name: 'a', content: 'x' }));
    for (const name of readdirSync(`${dir}/oci/blobs/sha256`)) {
      const file = `${dir}/oci/blobs/sha256/${name}`;
      const bytes = readFileSync(file);
      if (bytes[0] !== 0x1f) continue;
      writeFileSync(file, gzipSync(tar({ name: 'evil', content: 'x' })));
    }
    await expect(all()).rejects.toMatchObject({ code: 'EBADMSG', message: expect.stringContaining('sha256') });
    writeFileSync(`${dir}/oci/index.json`, json({ manifests: [{ digest: 'sha256:../../../../etc/passwd' }] }));
    await expect(all()).rejects.toMatchObject({ code: 'EBADMSG' });
    expect(existsSync(`${into}/passwd`)).toBe(false);
  });
});
