import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodePairs } from '@vimage/core';
import type { Pairs } from '@vimage/core';
import { onCall } from '../src/door.ts';
import { LinuxSubstrate } from '../src/index.ts';
import type { LinuxStage } from '../src/index.ts';
import { parseNotes, readNotes, writeNote, writeNotes } from '../src/registry/journal.ts';
import { decodePlan, encodePlan } from '../src/registry/entry.ts';
import { needRoot } from './rights.ts';
import { privateRun, record, tinyFs } from './rig.ts';

const root = '/run/registry-test';
let linux: LinuxSubstrate;
const opened: LinuxSubstrate[] = [];

function open(at = root): LinuxSubstrate {
  const made = new LinuxSubstrate(at);
  opened.push(made);
  return made;
}

/** An image without instances: the registry alone. */
async function add(name: string, pairs: Pairs = [['name', name]], persist = true): Promise<bigint> {
  const lock = await linux.lock();
  let stage: LinuxStage | undefined;
  try {
    const serial = linux.serial();
    stage = await linux.stage({ name, serial, persist }, false);
    await stage.publish(record(name, serial, { pairs, persist }), []);
    stage.release();
    return serial;
  } catch (error) {
    await stage?.abort();
    throw error;
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

const names = async (of = open()): Promise<readonly string[]> => ((await of.load())?.images ?? []).map(({ name, state }) => (state === 'live' ? name : `${name}:${state}`));
const nothing = async (): Promise<readonly string[]> => [];

describe.skipIf(needRoot.missing)(`the registry${needRoot.note}`, () => {
  beforeAll(() => privateRun());
  beforeEach(() => {
    onCall(undefined);
    rmSync(root, { recursive: true, force: true });
    linux = open();
  });
  afterEach(async () => {
    onCall(undefined);
    // What a test damaged cannot always be closed in order.
    await Promise.allSettled(opened.splice(0).map((each) => each.close()));
  });
  afterAll(() => onCall(undefined));

  it('keeps what it is given, nested, and gives it back', async () => {
    await add('lab', [['name', 'lab'], ['children.max', '4']]);
    const serial = await add('lab.web', [['name', 'web'], ['vir', 'net'], ['addr', 'eth0=10.0.0.2/24']]);
    const snapshot = await open().load();
    expect(snapshot?.images.map(({ name }) => name)).toEqual(['lab', 'lab.web']);
    expect(snapshot?.images[1]).toMatchObject({ serial, persist: true, state: 'live', pairs: [['name', 'web'], ['vir', 'net'], ['addr', 'eth0=10.0.0.2/24']] });
    expect(snapshot?.damaged).toEqual([]);
    expect(statSync(`${root}/img/lab/img/web`).mode & 0o777).toBe(0o700);
    expect(readdirSync(`${root}/img/lab/img/web`).sort()).toEqual(['lock', 'pairs', 'plan']);
  });

  it('says "unchanged" only when it is, and what others did', async () => {
    await add('a');
    const first = await linux.load();
    expect(await linux.load(first?.generation)).toBeUndefined();
    await add('b');
    expect(await linux.load(first?.generation), 'what this process did, its kernel knows').toBeUndefined();
    const other = open();
    const theirs = await other.load();
    expect(theirs?.images.length).toBe(2);
    await add('c');
    expect((await other.load(theirs?.generation))?.images.length).toBe(3);
  });

  it('tells of a change whose maker died before it could say so', async () => {
    await add('a');
    const other = open();
    const theirs = await other.load();
    const lock = await linux.lock();
    const stage = await linux.stage({ name: 'b', serial: linux.serial(), persist: true }, false);
    let dead = false;
    onCall((name) => {
      if (dead) throw new Error('killed');
      dead = name === 'rename';
    });
    await stage.publish(record('b', stage.serial), []);
    onCall(undefined);
    expect(dead).toBe(true);
    stage.release();
    await lock[Symbol.asyncDispose]();
    const now = await other.load(theirs?.generation);
    expect(now?.images.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await other.load(now?.generation)).toBeUndefined();
  });

  it('gives serials that only rise, whoever asks', () => {
    const other = open();
    const all = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? linux : other).serial());
    expect([...all].sort((a, b) => (a < b ? -1 : 1))).toEqual(all);
    expect(new Set(all).size).toBe(200);
  });

  it('shows nothing of an aborted or half-written image', async () => {
    await add('a');
    const before = readdirSync(`${root}/img`);
    const stage = await linux.stage({ name: 'b', serial: linux.serial(), persist: true }, false);
    stage.journal('net', [['took', 'eth0']]);
    stage.file('net', 'resolv.conf', 'nameserver 10.0.0.1\n');
    expect(await names()).toEqual(['a']);
    await stage.abort();
    expect(readdirSync(`${root}/img`)).toEqual(before);
  });

  it('refuses a name that exists, and a parent that does not', async () => {
    await add('a');
    await expect(add('a')).rejects.toMatchObject({ code: 'EEXIST', subject: 'a' });
    await expect(add('x.y')).rejects.toMatchObject({ code: 'ESRCH', subject: 'x' });
    expect(readdirSync(`${root}/img`)).toEqual(['a']);
  });

  it('changes an image whole: the old one until the plan is in place, at every call', async () => {
    const serial = await add('a', [['name', 'a'], ['v', '1']]);
    const stage = await linux.stage({ name: 'a', serial, persist: true }, true);
    const path = stage.file('net', 'resolv.conf', 'old');
    await stage.publish(record('a', serial, { pairs: [['name', 'a'], ['v', '1']] }), []);
    stage.release();
    const ino = statSync(path).ino;
    let calls = 0;
    const change = async (v: string, stopAt: number): Promise<void> => {
      onCall(undefined);
      const next = await linux.stage({ name: 'a', serial, persist: true }, true);
      onCall((_, index) => {
        calls = index + 1;
        if (index === stopAt) throw new Error('stop');
      });
      try {
        next.file('net', 'resolv.conf', `new ${v}`);
        await next.publish(record('a', serial, { pairs: [['name', 'a'], ['v', v]] }), []);
      } finally {
        onCall(undefined);
        next.release();
      }
    };
    const seen = new Set<string>();
    await change('2', -1);
    const total = calls;
    for (let at = 0; at < total; at++) {
      const v = `x${at}`;
      const before = (await open().load())?.images[0]?.pairs[1]?.[1];
      const told = await change(v, at).then(() => v, () => before);
      const { images = [], damaged } = (await open().load()) ?? {};
      expect(damaged, `stopped at call ${at}`).toEqual([]);
      expect(images[0]?.pairs[1]?.[1], `stopped at call ${at}: what its maker was told is what there is`).toBe(told);
      await linux.gc(nothing);
      const now = (await open().load())?.images[0]?.pairs[1]?.[1];
      expect(now).toBe(images[0]?.pairs[1]?.[1]);
      expect(readFileSync(path, 'utf8')).toBe(now === v ? `new ${v}` : `new ${before}`);
      expect(readdirSync(`${root}/img/a`).filter((name) => name.includes('~'))).toEqual([]);
      seen.add(now === v ? 'new' : 'old');
    }
    expect([...seen].sort()).toEqual(['new', 'old']);
    expect(statSync(path).ino, 'what is bound into a running image is the same file').toBe(ino);
  });

  it('reports damage for that image, shows the others, deletes nothing', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'good']) await add(name);
    await add('good.child');
    truncateSync(`${root}/img/a/plan`, 30);
    writeFileSync(`${root}/img/b/plan`, Buffer.from([1, 2, 3, 255, 0, 7]));
    chownSync(`${root}/img/c/plan`, 1234, 0);
    chmodSync(`${root}/img/d/pairs`, 0o666);
    writeFileSync(`${root}/img/e/plan`, encodePairs([['vimage-plan', '99'], ['image', 'e']]));
    writeFileSync(`${root}/img/f/pairs`, encodePairs([['name', 'another']]));
    rmSync(`${root}/img/g/plan`);
    symlinkSync('/etc', `${root}/img/link`);
    writeFileSync(`${root}/img/-odd`, '');
    const files = readdirSync(root, { recursive: true });
    const snapshot = await open().load();
    expect(snapshot?.images.map(({ name }) => name).sort()).toEqual(['good', 'good.child']);
    const why = Object.fromEntries(snapshot?.damaged.map(({ name, error }) => [name, error.code]) ?? []);
    expect(why).toEqual({ '-odd': 'EBADMSG', a: 'EBADMSG', b: 'EBADMSG', c: 'EPERM', d: 'EPERM', e: 'EBADMSG', f: 'EBADMSG', g: 'ENOENT', link: 'EBADMSG' });
    for (const { error } of snapshot?.damaged ?? []) expect(error.message).toContain(root);
    expect(snapshot?.damaged.find(({ name }) => name === 'e')?.error.message).toContain('"99"');
    await linux.gc(nothing);
    expect(readdirSync(root, { recursive: true })).toEqual(files);
    await linux.close();
    expect(existsSync(`${root}/img/a`)).toBe(true);
  });

  it.each([
    ['a link', () => symlinkSync('/tmp', root)],
    ['a file', () => writeFileSync(root, '')],
    ["another user's", () => (mkdirSync(root, 0o700), chownSync(root, 1234, 0))],
    ['open to others', () => (mkdirSync(root), chmodSync(root, 0o755))],
  ])('refuses a registry that is %s', async (_, make) => {
    make();
    await expect(linux.load()).rejects.toMatchObject({ code: 'EPERM', subject: root });
    expect(() => linux.serial()).toThrow(expect.objectContaining({ code: 'EPERM' }));
    await expect(linux.lock()).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('clears a registry of another boot, and only that', async () => {
    await add('a');
    mkdirSync(`${root}/img/a/keep`);
    const text = readFileSync(`${root}/generation`, 'latin1');
    writeFileSync(`${root}/generation`, text.replace(/^[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000'));
    expect(await names()).toEqual([]);
    expect(existsSync(`${root}/img/a`), 'reading removes nothing').toBe(true);
    linux = open();
    await add('b');
    expect(await names()).toEqual(['b']);
    expect(existsSync(`${root}/img/a`)).toBe(false);
  });

  it('keeps images whose generation was lost or damaged', async () => {
    await add('a');
    writeFileSync(`${root}/generation`, 'rubbish');
    expect(await names()).toEqual(['a']);
    rmSync(`${root}/generation`);
    expect(await names()).toEqual(['a']);
    linux = open();
    await add('b');
    expect(await names()).toEqual(['a', 'b']);
  });

  it('writes nothing by halves on a full or read-only file system', async () => {
    tinyFs('/run/tiny', '64k');
    const small = '/run/tiny/registry';
    linux = open(small);
    await add('a');
    expect(() => writeFileSync('/run/tiny/filler', Buffer.alloc(100_000))).toThrow('ENOSPC');
    await expect(add('b')).rejects.toMatchObject({ code: 'ENOSPC' });
    const serial = (await open(small).load())?.images[0]?.serial ?? 0n;
    const stage = await linux.stage({ name: 'a', serial, persist: true }, true);
    await expect((async () => stage.publish(record('a', serial, { pairs: [['name', 'a'], ['x', 'y'.repeat(4000)]] }), []))()).rejects.toMatchObject({ code: 'ENOSPC' });
    await stage.abort();
    expect(await names(open(small))).toEqual(['a']);
    expect(readdirSync(`${small}/img/a`).sort()).toEqual(['lock', 'pairs', 'plan']);
    expect(readdirSync(`${small}/img`)).toEqual(['a']);
  });

  it('refuses to wait for an image while it holds the root lock', async () => {
    const serial = await add('a');
    const first = await linux.stage({ name: 'a', serial, persist: true }, true);
    const other = open();
    const lock = await other.lock();
    await expect(other.stage({ name: 'a', serial, persist: true }, true)).rejects.toMatchObject({ code: 'EBUSY', subject: 'a' });
    await lock[Symbol.asyncDispose]();
    const waiting = other.stage({ name: 'a', serial, persist: true }, true);
    setTimeout(() => first.release(), 20);
    (await waiting).release();
    await expect(linux.stage({ name: 'a', serial: 5n, persist: true }, true)).rejects.toMatchObject({ code: 'ESRCH' });
  });

  it('lets one hold the root lock at a time', async () => {
    const others = Array.from({ length: 5 }, () => open());
    let inside = 0;
    await Promise.all([linux, linux, ...others].map(async (each) => {
      const lock = await each.lock();
      expect(++inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
      await lock[Symbol.asyncDispose]();
    }));
  });

  it('removes itself when it is empty, and is there again when needed', async () => {
    await linux.close();
    expect(existsSync(root)).toBe(false);
    linux = open();
    const other = open();
    (await other.lock())[Symbol.asyncDispose]();
    const serial = await add('a');
    await other.close();
    expect(await names()).toEqual(['a']);
    const stage = await linux.stage({ name: 'a', serial, persist: true }, true);
    expect(await linux.retire(record('a', serial), stage)).toBe(true);
    await linux.close();
    expect(existsSync(root)).toBe(false);
    linux = open();
    await add('again');
    expect(await names(other)).toEqual(['again']);
  });

  it('ends a non-persistent image with its process, gives back what an unpublished change took', async () => {
    const gone = await add('gone', [['name', 'gone']], false);
    const kept = await add('kept');
    expect(await linux.gc(nothing), 'its owner lives').toEqual([]);
    const stage = await linux.stage({ name: 'kept', serial: kept, persist: true }, true);
    stage.journal('net', [['took', 'eth0']]);
    await stage.publish(record('kept', kept), []);
    stage.release();
    const dead = await linux.stage({ name: 'kept', serial: kept, persist: true }, true);
    dead.journal('net', [['took', 'eth1']]);
    dead.release();
    const other = open();
    const given: unknown[] = [];
    const give = async (...call: unknown[]): Promise<readonly string[]> => (given.push(call), ['gave back']);
    await other.gc(give);
    expect(given).toEqual([['net', [[['took', 'eth1']]], 'kept', kept]]);
    expect(readNotes(`${root}/img/kept/journal`).map(({ entry }) => entry)).toEqual([[['took', 'eth0']]]);
    expect(await names()).toEqual(['gone', 'kept'].sort());
    await linux.close();
    expect(await other.gc(give)).toEqual(['removed "gone", whose process has ended']);
    expect(await names()).toEqual(['kept']);
    expect(gone).toBeGreaterThan(0n);
  });

  it('recognises a torn record at the end of a journal, and damage before it', () => {
    mkdirSync(root);
    const path = `${root}/journal`;
    const note = (n: number): { component: string; edit: bigint; entry: Pairs } => ({ component: 'net', edit: 7n, entry: [['n', String(n)]] });
    for (const n of [1, 2, 3]) writeNote(path, note(n));
    const whole = readFileSync(path);
    expect(readNotes(path)).toEqual([note(1), note(2), note(3)]);
    const ends = new Set<number>();
    for (let cut = 0; cut <= whole.length; cut++) ends.add(parseNotes(whole.subarray(0, cut), path).length);
    expect([...ends]).toEqual([0, 1, 2, 3]);
    const broken = Buffer.from(whole);
    broken[12] = 0x21;
    expect(() => parseNotes(broken, path)).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
    writeNotes(path, []);
    expect(existsSync(path)).toBe(false);
  });

  it('reads back the plan that it writes', () => {
    const image = record('lab.web', 42n, { saved: new Map([['net', [['ino', '1'], ['weird', 'a\nb\0c']]]]), address: { hi: 0xffffffff, lo: 1, prefix: 64 } });
    const bytes = encodePlan(image, [{ component: 'net', verb: 'join', args: [['type', 'net'], ['pin', '42/net'], ['ino', '9'], ['id', '77']], mode: 'live', ask: true }], { edit: 3n, cgroup: { path: '/c/vimage/42', kind: 'v1', limits: ['/p/vimage/42', '/m/vimage/42'] }, most: new Map([['proc', 6], ['b', 7]]) });
    expect(decodePlan(bytes, 'p')).toMatchObject({
      image: { name: 'lab.web', serial: 42n, address: { hi: 0xffffffff, lo: 1, prefix: 64 }, persist: true, saved: image.saved },
      edit: 3n, cgroup: { path: '/c/vimage/42', kind: 'v1', limits: ['/p/vimage/42', '/m/vimage/42'] }, most: new Map([['proc', 6], ['b', 7]]), shared: false, steps: 1, joins: [{ component: 'net', type: 'net', pin: '42/net', ino: 9n, id: 77n, mode: 'live', ask: true }],
    });
    for (let cut = 0; cut < bytes.length; cut++) expect(() => decodePlan(bytes.subarray(0, cut), 'p')).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
  });
});
