import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeTree } from '../src/index.ts';

describe('removing a tree', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(`${tmpdir()}/vimage-remove-`);
    mkdirSync(`${dir}/tree`);
  });
  afterEach(() => {
    removeTree(`${dir}/tree`);
    rmdirSync(dir);
  });

  const run = (program: string, ...args: readonly string[]): void => {
    const { status, stderr } = spawnSync(program, args, { cwd: `${dir}/tree`, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  };

  it('takes one that is deeper than a path can say', () => {
    const script = "const fs = require('fs'); for (let i = 0; i < 3000; i++) { fs.mkdirSync('aaaa'); fs.mkdirSync('bbbb'); fs.writeFileSync('bbbb/file', ''); process.chdir('aaaa'); }";
    run(process.execPath, '-e', script);
    removeTree(`${dir}/tree`);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('removes links, follows none, and takes names of any bytes', () => {
    mkdirSync(`${dir}/kept`);
    writeFileSync(`${dir}/kept/file`, 'kept');
    symlinkSync('../kept', `${dir}/tree/link`);
    mkdirSync(`${dir}/tree/a/b/c`, { recursive: true });
    symlinkSync(`${dir}/kept`, `${dir}/tree/a/b/link`);
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/tree/a/b/`), Buffer.from([0xff, 0xe4])]), '');
    mkdirSync(Buffer.concat([Buffer.from(`${dir}/tree/a/`), Buffer.from([0x80]), Buffer.from('/x')]), { recursive: true });
    run('sh', '-ec', 'mkfifo a/fifo; chmod 0 a/b/c');
    removeTree(`${dir}/tree`);
    expect(readFileSync(`${dir}/kept/file`, 'utf8')).toBe('kept');
    removeTree(`${dir}/kept`);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('removes a link or file in its place, and is content with nothing', () => {
    rmdirSync(`${dir}/tree`);
    symlinkSync('/etc', `${dir}/tree`);
    removeTree(`${dir}/tree`);
    expect(existsSync('/etc')).toBe(true);
    removeTree(`${dir}/tree`);
    expect(readdirSync(dir)).toEqual([]);
  });
});
