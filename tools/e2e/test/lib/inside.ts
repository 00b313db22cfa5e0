import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';
import { cannot, missing, workspace, World, type Result } from './world.ts';

/** Why images cannot be made inside images here, or undefined. */
export function cannotInside(): string | undefined {
  return cannot() ?? missing('perl', 'perl')
    ?? (spawnSync('setpriv', ['--reuid=1234', '--regid=1234', '--clear-groups', process.execPath, '--version']).status === 0 ? undefined : `${process.execPath} cannot be run by another user`);
}

/** imgctl, where every user can read it. */
export const main = '/mnt/vimage/packages/imgctl/dist/main.js';
export const imgexec = '/mnt/vimage/packages/linux/dist/imgexec';
/** What `vir priv` takes for images to be made inside. */
export const images = ['allow.images', 'true'] as const;

/** An image with users of its own, in which that many may be made. */
export function box(name: string, children: number, ...priv: readonly string[]): readonly string[] {
  return ['name', name, 'children.max', String(children), 'vir', 'user', 'vir', 'fs', 'root', 'host', 'tmpfs', '/run,/tmp', 'vir', 'net', 'vir', 'proc', 'vir', 'priv', ...priv];
}

/** A world in which images have images inside. */
export class InsideWorld implements AsyncDisposable {
  readonly world: World;

  private constructor(world: World) {
    this.world = world;
  }

  static async open(): Promise<InsideWorld> {
    const at = new InsideWorld(await World.open());
    // A directory of the workspace may be closed to others; what is in it is not.
    await at.world.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir -p /mnt/vimage/packages /mnt/vimage/node_modules
      mount --bind ${path.join(workspace, 'packages')} /mnt/vimage/packages; mount --bind ${path.join(workspace, 'node_modules')} /mnt/vimage/node_modules`);
    await at.ok('ls');
    return at;
  }

  imgctl(...args: readonly string[]): Promise<Result> {
    return this.world.run([process.execPath, main, ...args]);
  }

  /** imgctl that must succeed and say nothing against it; its output. */
  async ok(...args: readonly string[]): Promise<string> {
    return said(await this.imgctl(...args), args);
  }

  enter(image: string, ...command: readonly string[]): Promise<Result> {
    return this.world.run([imgexec, image, '--', ...command]);
  }

  /** imgctl, run in an image. */
  inside(image: string, ...args: readonly string[]): Promise<Result> {
    return this.enter(image, process.execPath, main, ...args);
  }

  async okInside(image: string, ...args: readonly string[]): Promise<string> {
    return said(await this.inside(image, ...args), args);
  }

  sh(image: string, script: string): Promise<Result> {
    return this.enter(image, 'sh', '-c', script);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]();
  }
}

function said({ status, out, err }: Result, args: readonly string[]): string {
  expect({ status, err, args }).toEqual({ status: 0, err: '', args });
  return out;
}
