// A registry of this test file's own: its thread gets a private mount namespace with an empty /run. Only synchronous file calls see it.
import { mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';
import type { PlanStep, StoredImage } from '@vimage/core';
import { probeCgroup } from '../src/cgroup.ts';
import { LinuxSubstrate } from '../src/index.ts';
import type { LinuxStage } from '../src/index.ts';

const CLONE_NEWNS = 0x20000;
const MS_REC_PRIVATE = 0x44000;

export function privateRun(options = 'mode=0755'): void {
  const libc = koffi.load('libc.so.6');
  const unshare = libc.func('int unshare(int)');
  const mount = libc.func('int mount(const char *, const char *, const char *, unsigned long, const char *)');
  const steps = [unshare(CLONE_NEWNS), mount(null, '/', null, MS_REC_PRIVATE, null), mount('run', '/run', 'tmpfs', 0, options)];
  if (steps.some((result) => result !== 0)) throw new Error(`no private /run: errno ${koffi.errno()}`);
}

/** A cgroup of this process's own, for the images it makes: other tests run at the same time. Returns the way back. */
export function privateCgroup(): () => void {
  const at = probeCgroup();
  if (at === undefined) return () => undefined;
  const own = `${at.own}/test-${process.pid}`;
  mkdirSync(own);
  writeFileSync(`${own}/cgroup.procs`, String(process.pid));
  return () => {
    writeFileSync(`${at.own}/cgroup.procs`, String(process.pid));
    rmdirSync(own);
  };
}

/** A small file system at `path`, to fill. */
export function tinyFs(path: string, size: string): void {
  mkdirSync(path, { recursive: true });
  const mount = koffi.load('libc.so.6').func('int mount(const char *, const char *, const char *, unsigned long, const char *)');
  if (mount('tiny', path, 'tmpfs', 0, `mode=0755,size=${size}`) !== 0) throw new Error(`mount ${path}: errno ${koffi.errno()}`);
}

let slot = 0;

export function record(name: string, serial: bigint, more: Partial<StoredImage> = {}): StoredImage {
  return {
    name, serial, address: { hi: 0x80000000, lo: ++slot, prefix: 16 }, persist: true, state: 'live', pairs: [['name', name], ['vir', 'net']],
    saved: new Map(), ...more,
  };
}

/** An image with a network namespace, as the net component makes it. */
export async function makeNet(linux: LinuxSubstrate, name: string, more: Partial<StoredImage> = {}, during?: (stage: LinuxStage) => void): Promise<StoredImage> {
  const lock = await linux.lock();
  try {
    const serial = linux.serial();
    const stage = await linux.stage({ name, serial, persist: more.persist ?? true }, false);
    try {
      using ns = linux.netnsCreate();
      const step: PlanStep = { ...(await linux.pin(serial, 'net', ns)), component: 'net' };
      during?.(stage);
      const image = record(name, serial, { saved: new Map([['net', [['ino', String(ns.ino)]]]]), ...more });
      await stage.publish(image, [step]);
      stage.release();
      return image;
    } catch (error) {
      await stage.abort();
      throw error;
    }
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

export async function removeNet(linux: LinuxSubstrate, image: StoredImage, shared = false): Promise<boolean> {
  const lock = await linux.lock();
  try {
    const stage = await linux.stage(image, true);
    stage.settle('net', []);
    return await linux.retire(image, stage, shared);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

export function emptyRun(): void {
  koffi.load('libc.so.6').func('int umount2(const char *, int)')('/run/vimage/mnt', 2);
  rmSync('/run/vimage', { recursive: true, force: true });
}
