import { randomBytes } from 'node:crypto';
import type { Kernel, Pairs } from '@vimage/core';

/** What a full box is made of, beside its name. */
const sections: Pairs = [['vir', 'user'], ['vir', 'fs'], ['root', 'host'], ['tmpfs', '/tmp=4m'], ['vir', 'net'], ['vir', 'proc'], ['vir', 'priv']];

/** Makes an image of all that vimage has, with a name that is nobody's, and removes it afterwards. */
export async function withBox<T>(kernel: Kernel, use: (name: string) => Promise<T>): Promise<T> {
  await using box = await kernel.create([['name', boxName()], ['persist', 'false'], ...sections]);
  return await use(box.name);
}

export function boxName(): string {
  return `selftest-${randomBytes(4).toString('hex')}`;
}
