import { VimageError, codeOf, defineComponent, type Component, type CreateContext, type OnceContext, type OnceSteps, type Substrate } from '@vimage/core';
import { clocks, joinStep, linuxOf, offsetLines, openSelf, ownOffsets, usersOf, type Namespace } from '@vimage/linux';
import { vtimeParams } from './params.ts';
import { ahead, checkTwice } from './range.ts';
import { offsetPairs, readSaved, savedPairs, type Vtime } from './vtime.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    time: { readonly instance: Vtime; readonly params: typeof vtimeParams };
  }
}

/** The `time` component: an image's own CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
export const time: Component<'time'> = defineComponent<'time'>({
  name: 'time',
  interface: 1,
  describe: 'clocks of its own: monotonic, and since boot',
  after: ['user'],
  params: vtimeParams,

  root: machineClocks,

  check: ({ values }) => {
    checkTwice(values.offset ?? []);
  },

  create: async (cx) => {
    const { serial } = cx.image;
    const made = await make(cx);
    cx.scope.defer(() => made.ns.close());
    const lx = linuxOf(cx.substrate);
    await lx.pin(serial, 'time', made.ns);
    cx.scope.defer(async () => { (await lx.pinner()).unpin(serial, 'time'); });
    return made;
  },

  get: ({ offsets }) => [
    ['offset.machine', offsetPairs(offsets).map((pair) => pair.join('=')).join(',')],
    ['uptime', `${(clocks().boottime + offsets.boottime) / 1_000_000_000n}s`],
  ],

  save: savedPairs,

  restore: async (saved, cx) => {
    const { serial, name } = cx.image;
    const known = readSaved(saved);
    if (known === undefined) throw lost('EBADMSG', name, `what the registry keeps of the clocks of "${name}" is damaged`);
    const ns = await openSaved(cx.substrate, serial, name);
    if (ns.is({ type: 'time', ...known })) return { serial, ns, offsets: known.offsets };
    ns.close();
    throw lost('ESTALE', name, `the clocks of "${name}" are not those that it was made with`);
  },

  forget: ({ ns }) => ns?.close(),

  once,

  entry: ({ serial, ns }) => (serial === undefined || ns === undefined ? [] : [joinStep(serial, 'time', ns)]),
});

/** The clocks of this process, unless they are an image's: then they are not the machine's. EOPNOTSUPP. */
function machineClocks(substrate: Substrate): Vtime {
  const offsets = ownOffsets();
  if (offsets !== undefined) {
    using ns = openSelf('time');
    const image = linuxOf(substrate).pinnedBy(ns);
    if (image !== undefined) {
      throw new VimageError('EOPNOTSUPP', `this process has the clocks of "${image}", which are not the machine's`, { subject: image, hint: 'run it as itself, not by way of "exec -e"' });
    }
  }
  return { serial: undefined, ns: undefined, offsets: offsets ?? { monotonic: 0n, boottime: 0n } };
}

async function make(cx: CreateContext<'time'>): Promise<Vtime & { readonly ns: Namespace }> {
  const offsets = ahead(cx.parent.offsets, cx.values.offset ?? [], clocks());
  const ns = linuxOf(cx.substrate).timeCreate(offsets, usersOf(await cx.peek('user'))?.ns);
  return { serial: cx.image.serial, ns, offsets };
}

/** For one command: who makes the namespace has the offsets of this process. */
function once({ values, parent }: OnceContext<'time'>): OnceSteps | undefined {
  const own = ownOffsets();
  if (own === undefined) return undefined;
  const lines = offsetLines(ahead(parent.offsets, values.offset ?? [], clocks()), own);
  return { steps: [{ verb: 'new', args: [['type', 'time'], ...(lines === '' ? [] : [['data', lines] as const])] }] };
}

async function openSaved(substrate: Substrate, serial: bigint, image: string): Promise<Namespace> {
  try {
    return await linuxOf(substrate).openPin(serial, 'time', 'time');
  } catch (error) {
    if (!['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) throw error;
    throw lost('ESTALE', image, `the clocks of "${image}" are gone: their pin was unmounted, or never made`, error);
  }
}

function lost(code: 'EBADMSG' | 'ESTALE', image: string, message: string, cause?: unknown): VimageError {
  return new VimageError(code, message, { subject: image, hint: `imgctl destroy ${image}, then create it again`, cause });
}
