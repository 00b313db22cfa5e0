import { VimageError, codeOf, defineComponent, type Component, type CreateContext, type EntryStep, type Pair, type SetContext, type Substrate } from '@vimage/core';
import { identityPairs, joinStep, linuxOf, openPath, openSelf, usersOf, type Namespace } from '@vimage/linux';
import { apply } from './change/apply.ts';
import { filesOf, writeFiles } from './files.ts';
import { giveBack } from './giveback.ts';
import { holders } from './holders.ts';
import { valueOf } from './move/journal.ts';
import { vnetParams, type VnetParams } from './params/table.ts';
import { removeVnet } from './remove.ts';
import { noteChange } from './unfinished.ts';
import { changeUplink, saveUplink, savedUplink, uplinkLapsed, uplinkState, withForwarder } from './uplink/uplink.ts';
import { Vnet, checkIdentity } from './vnet.ts';
import { checkValues } from './wanted/check.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    net: { readonly instance: Vnet; readonly params: VnetParams };
  }
}

/** The `net` component: an image's own network stack. */
export const vnet: Component<'net'> = defineComponent<'net'>({
  name: 'net',
  interface: 1,
  describe: 'a network stack of its own',
  requires: [],
  // What it mounts is mounted in the image's own file system.
  after: ['user', 'fs'],
  params: vnetParams,
  example: [['veth', 'eth0=parent:web0'], ['addr', 'eth0=10.7.0.2/24']],

  root: (substrate) => new Vnet('root', machineStack(substrate)),

  check: (cx) => {
    checkValues(cx.values, (image) => cx.sees(image), cx.image.name);
  },

  create: async (cx) => {
    const made = await open(cx);
    cx.scope.defer(() => { made.close(); });
    const lx = linuxOf(cx.substrate);
    await lx.pin(cx.image.serial, 'net', made.stack.ns);
    cx.scope.defer(async () => { (await lx.pinner()).unpin(cx.image.serial, 'net'); });
    await changeUplink(made, {}, cx);
    await apply(made, {}, cx.values, contextOf(cx, made.kind === 'own'));
    const files = withForwarder(cx.values, made.uplink);
    await writeFiles(cx.stage, {}, files);
    made.files = filesOf(files);
    return made;
  },

  set: async (made, cx) => {
    await noteChange(cx.stage, made, cx.parent, cx.before, cx.values);
    const before = withForwarder(cx.before, made.uplink);
    const notes = [...(await apply(made, cx.before, cx.values, contextOf(cx, false)))];
    // Last, as one that was ended cannot be taken back.
    notes.push(...(await changeUplink(made, cx.before, cx)));
    const after = withForwarder(cx.values, made.uplink);
    notes.push(...(await writeFiles(cx.stage, before, after)));
    const { files } = made;
    made.files = filesOf(after);
    cx.scope.defer(() => { made.files = files; });
    return { notes };
  },

  get: (made) => [
    ['links', made.stack.nl.linkList({ noStats: true }).map(({ name }) => name).join(',')],
    ...(made.uplink === undefined ? [] : [['uplink.state', uplinkState(made.uplink)] as const]),
  ],

  save: (made) => {
    const flags: Pair[] = [];
    if (made.path !== undefined) flags.push(['path', made.path]);
    if (made.files.resolv) flags.push(['resolv', 'yes']);
    if (made.files.hosts) flags.push(['hosts', 'yes']);
    return [['kind', made.kind], ...identityPairs(made.stack.ns), ...flags, ...saveUplink(made.uplink)];
  },

  lapsed: (saved) => (uplinkLapsed(saved) ? ['uplink'] : []),

  restore: async (saved, cx) => {
    const ns = await openSaved(cx.substrate, cx.image.serial, cx.image.name);
    try {
      checkIdentity(ns, saved, cx.image.name);
    } catch (error) {
      ns.close();
      throw error;
    }
    const path = valueOf(saved, 'path');
    const made = new Vnet(path === undefined ? 'own' : 'adopted', ns, { serial: cx.image.serial, ...(path === undefined ? {} : { path }) });
    made.files = { resolv: valueOf(saved, 'resolv') === 'yes', hosts: valueOf(saved, 'hosts') === 'yes' };
    made.uplink = savedUplink(saved);
    return made;
  },

  remove: removeVnet,

  forget: (made) => {
    made.close();
  },

  once: ({ values }) => (Object.keys(values).length === 0 ? { steps: [{ verb: 'new', args: [['type', 'net'], ['data', 'up']] }, sysfs] } : undefined),

  entry: (made, { home }) => {
    if (made.serial === undefined) return [];
    const steps: EntryStep[] = [
      joinStep(made.serial, 'net', made.stack.ns),
      sysfs,
    ];
    if (made.files.resolv) steps.push(bind(`${home}/net/resolv.conf`, '/etc/resolv.conf'));
    if (made.files.hosts) steps.push(bind(`${home}/net/hosts`, '/etc/hosts'));
    return steps;
  },

  holders,
  giveBack,
});

const sysfs: EntryStep = { verb: 'mount', args: [['fs', 'sysfs'], ['to', '/sys'], ['flags', 'nosuid,nodev,noexec'], ['keep', '/sys/fs/cgroup']] };

/** The stack that this process stands in, unless it is an image's: then it is not the machine's. EOPNOTSUPP. */
function machineStack(substrate: Substrate): Namespace {
  const lx = linuxOf(substrate);
  const ns = openSelf('net');
  const image = lx.pinnedBy(ns);
  if (image === undefined) return ns;
  ns.close();
  throw new VimageError('EOPNOTSUPP', `this process stands in the network stack of "${image}", which is not the machine's`, {
    subject: image, hint: 'run it as itself, not by way of "exec -e"',
  });
}

function bind(from: string, to: string): EntryStep {
  return { verb: 'bind', args: [['from', from], ['to', to], ['flags', 'ro,nosuid,nodev,noexec']] };
}

async function open(cx: CreateContext<'net'>): Promise<Vnet> {
  const { path } = cx.values;
  const { serial } = cx.image;
  if (path === undefined) return new Vnet('own', linuxOf(cx.substrate).netnsCreate({ loopback: !(cx.values.down ?? []).includes('lo'), users: usersOf(await cx.peek('user'))?.ns }), { serial });
  const ns = adopt(path);
  if (!ns.is(cx.parent.stack.ns)) return new Vnet('adopted', ns, { serial, path });
  ns.close();
  throw new VimageError('EINVAL', `path: ${path} is the parent's own stack`, { subject: path, hint: 'leave "vir net" out to inherit it' });
}

function adopt(path: string): Namespace {
  try {
    return openPath(path, 'net');
  } catch (error) {
    const code = codeOf(error) ?? 'EIO';
    const hint = code === 'ESTALE' ? 'it is no network namespace: nothing is mounted there' : 'make it first: ip netns add NAME, then path /run/netns/NAME';
    throw new VimageError(code === 'ESTALE' ? 'EINVAL' : code, `path: ${path} cannot be opened as a network namespace (${code})`, { subject: path, hint, cause: error });
  }
}

async function openSaved(substrate: Substrate, serial: bigint, image: string): Promise<Namespace> {
  try {
    return await linuxOf(substrate).openPin(serial, 'net', 'net');
  } catch (error) {
    if (!['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) throw error;
    throw new VimageError('ESTALE', `the network stack of "${image}" is gone: its pin was unmounted, or never made`, {
      subject: image,
      hint: `what the image had there is lost: imgctl destroy ${image}, then create it again`,
      cause: error,
    });
  }
}

function contextOf(cx: CreateContext<'net'> | SetContext<'net'>, fresh: boolean): Parameters<typeof apply>[3] {
  return { image: cx.image, parent: cx.parent, stage: cx.stage, scope: cx.scope, fresh, peer: (image) => cx.peer(image) };
}
