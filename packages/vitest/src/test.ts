import { test as base } from 'vitest';
import type { TestAPI } from 'vitest';
import type { AnyComponent, ImageHandle, Kernel } from '@vimage/core';
import { vnet } from '@vimage/vnet';
import { imageAround } from './in-image.ts';
import { bootFor, end, make, type TestImage } from './lab.ts';
import { networkOf, type Network } from './network.ts';

/** What a test is given that asks for it. */
export interface Fixtures {
  /** The components of the kernel: `net` alone, unless a test.extend says otherwise (scope `file`). */
  readonly components: readonly AnyComponent[];
  /** Of the file's tests. */
  readonly kernel: Kernel;
  /** What {@link image} is made of: a network stack with nothing but its loopback, unless a test.extend says otherwise. */
  readonly spec: TestImage;
  /** The test's own, made for it and gone after it. With `inImage` it is the one that the test runs in. */
  readonly image: ImageHandle;
  readonly network: Network;
}

/** vitest's own `test`, with an image for each test that asks for `image`. */
export const test: TestAPI<Fixtures> = base.extend<{ components: readonly AnyComponent[]; kernel: Kernel; spec: TestImage; image: ImageHandle; network: Network }>({
  components: [async ({}, use) => { await use([vnet]); }, { scope: 'file' }],
  kernel: [async ({ components }, use) => {
    const kernel = await bootFor(components);
    try {
      await use(kernel);
    } finally {
      await kernel.close();
    }
  }, { scope: 'file' }],
  spec: async ({}, use) => { await use({ net: true }); },
  image: async ({ kernel, spec, task }, use) => {
    const around = imageAround(task);
    if (around !== undefined) {
      await use(around.image);
      return;
    }
    const image = await make(kernel, spec);
    try {
      await use(image);
    } finally {
      await end(kernel, image);
    }
  },
  network: async ({ kernel, image, task }, use) => { await use(networkOf(imageAround(task)?.kernel ?? kernel, image)); },
});

/** The same, by vitest's other name for it. */
export const it: TestAPI<Fixtures> = test;
