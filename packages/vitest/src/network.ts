import { VimageError } from '@vimage/core';
import type { ImageHandle, Kernel } from '@vimage/core';

const bridge = 'br0';
const most = 253;

/**
 * Makes one image for each name, all on one bridge of the test's own image. Each has 10.0.0.N and fd00::N, in the order of the names; the test's image, which stands by
 * and hears all of them, is 10.0.0.254. All know each other by name. EEXIST: the test has its network already; EINVAL: not a name, or more than 253.
 */
export type Network = <const Names extends readonly string[]>(...names: Names) => Promise<{ readonly [Name in Names[number]]: ImageHandle }>;

/** The network of one test. */
export function networkOf(kernel: Kernel, image: ImageHandle): Network {
  let made = false;
  return async (...names) => {
    if (made) throw new VimageError('EEXIST', 'this test has its network already', { subject: names.join(), hint: 'name all nodes in one call of network()' });
    if (names.length === 0 || names.length > most) throw new VimageError('EINVAL', `a network of ${names.length} nodes: expected 1 to ${most}`, { subject: 'network' });
    made = true;
    const hosts = names.map((name, i) => `${name}=10.0.0.${i + 1}`);
    await image.set({ 'children.max': names.length, net: { bridge: [bridge], addr: [`${bridge}=10.0.0.254/24`, `${bridge}=fd00::fe/64`], hosts } });
    const nodes: [string, ImageHandle][] = [];
    for (const [i, name] of names.entries()) {
      nodes.push([name, await kernel.create({
        name: `${image.name}.${name}`, net: { veth: [`eth0=bridge:${bridge}`], addr: [`eth0=10.0.0.${i + 1}/24`, `eth0=fd00::${(i + 1).toString(16)}/64`], hosts },
      })]);
    }
    return nodesOf(names, nodes);
  };
}

function nodesOf<const Names extends readonly string[]>(names: Names, nodes: readonly (readonly [string, ImageHandle])[]): { readonly [Name in Names[number]]: ImageHandle } {
  const found: { [name: string]: ImageHandle } = Object.fromEntries(nodes);
  if (!hasAll(found, names)) throw new VimageError('EINVAL', 'a name stands there twice', { subject: names.join() });
  return found;
}

function hasAll<const Names extends readonly string[]>(found: { [name: string]: ImageHandle }, names: Names): found is { [Name in Names[number]]: ImageHandle } {
  return Object.keys(found).length === names.length;
}
