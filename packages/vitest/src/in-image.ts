import { afterAll, aroundEach, beforeAll } from 'vitest';
import type { ImageHandle, Kernel } from '@vimage/core';
import { vnet } from '@vimage/vnet';
import { bootFor, end, make, type TestImage } from './lab.ts';

interface Around {
  readonly kernel: Kernel;
  readonly image: ImageHandle;
}

const running = new WeakMap<object, Around>();

/** The image that a test runs in; undefined: its file or block does not say {@link inImage}. */
export function imageAround(task: object): Around | undefined {
  return running.get(task);
}

/**
 * Called in a file, or in a `describe`: each of its tests runs in an image of its own, as it is, with its hooks: what it listens on, connects to, looks up or starts is
 * there and nowhere else. Tests that run at once, too. It needs vitest 4.1.
 */
export function inImage(spec: TestImage = { net: true }): void {
  let kernel: Kernel | undefined;
  beforeAll(async () => { kernel = await bootFor([vnet]); });
  afterAll(async () => { await kernel?.close(); });
  aroundEach(async (runTest, { task }) => {
    if (kernel === undefined) throw new Error('beforeAll has not run');
    const image = await make(kernel, spec);
    running.set(task, { kernel, image });
    try {
      await image.effective(() => runTest());
    } finally {
      await end(kernel, image);
    }
  });
}
