import type { Changes, Qdisc } from '@vimage/netlink';
import { codeOf } from '@vimage/core';
import { omit } from '../omit.ts';
import type { Stack } from '../stack.ts';
import { sysctlDirs, type Snapshot } from './snapshot.ts';

type Act = (ops: Changes<number>) => number;

/** Does what it can; one line for each thing that could not be done. */
class Attempt {
  readonly notes: string[] = [];
  readonly #stack: Stack;
  readonly #name: string;

  constructor(stack: Stack, name: string) {
    this.#stack = stack;
    this.#name = name;
  }

  all(acts: readonly (readonly [what: string, act: Act, ...fine: string[]])[]): void {
    if (acts.length === 0) return;
    const places: number[] = [];
    const results = this.#stack.nl.batch((ops) => {
      for (const [, act] of acts) places.push(act(ops));
    });
    acts.forEach(([what, , ...fine], i) => {
      const error = results[places[i] ?? -1]?.error;
      if (error !== undefined && !fine.includes(error.code)) this.notes.push(`${this.#name}: ${what} could not be given back (${error.kernel ?? error.code})`);
    });
  }
}

/** Gives an interface, which is in `stack` again as `index`, all that the snapshot says of it. */
export function restoreTo(stack: Stack, index: number, was: Snapshot): readonly string[] {
  const attempt = new Attempt(stack, was.name);
  restoreLink(stack, attempt, index, was);
  restoreSysctls(stack, attempt, index, was);
  attempt.all(was.addrs.map((addr) => [`address ${addr.address}`, (ops) => ops.addrReplace({ ...addr, dev: index })]));
  if (was.link.up) attempt.all([['up', (ops) => ops.linkSet(index, { up: true })]]);
  restoreNet(attempt, index, was);
  restoreQueues(attempt, index, was);
  return attempt.notes;
}

function restoreLink(stack: Stack, attempt: Attempt, index: number, was: Snapshot): void {
  const { link } = was;
  const now = stack.nl.linkGet(index);
  const acts: (readonly [string, Act, ...string[]])[] = [];
  if (link.address !== undefined && link.address !== now.address) acts.push(['mac', (ops) => ops.linkSet(index, { address: link.address ?? '' })]);
  if (link.mtu !== now.mtu) acts.push(['mtu', (ops) => ops.linkSet(index, { mtu: link.mtu })]);
  if (link.txqlen !== undefined && link.txqlen !== now.txqlen) acts.push(['txqueuelen', (ops) => ops.linkSet(index, { txqlen: link.txqlen ?? 0 })]);
  if (link.group !== now.group) acts.push(['group', (ops) => ops.linkSet(index, { group: link.group })]);
  if ((link.alias ?? '') !== (now.alias ?? '')) acts.push(['alias', (ops) => ops.linkSet(index, { alias: link.alias ?? '' })]);
  const altnames = link.altnames.filter((name) => !now.altnames.includes(name));
  for (const name of altnames) acts.push([`alternative name ${name}`, (ops) => ops.linkSet(index, { altnames: { add: [name] } }), 'EEXIST']);
  const mode = (['eui64', 'none', 'stable_secret', 'random'] as const).find((one) => one === link.addrGenMode);
  if (mode !== undefined && mode !== now.addrGenMode) acts.push(['address generation', (ops) => ops.linkSet(index, { addrGenMode: mode })]);
  const { master } = was;
  if (master !== undefined) {
    acts.push([`master ${master}`, (ops) => ops.linkSet(index, { master })]);
    const port = link.bridgePort;
    if (port !== undefined) {
      const settings = omit(port, 'state');
      acts.push(['bridge port settings', (ops) => ops.linkSet(index, { bridgePort: settings })]);
    }
  }
  attempt.all(acts);
}

function restoreSysctls(stack: Stack, attempt: Attempt, index: number, was: Snapshot): void {
  const { name } = stack.nl.linkGet(index);
  for (const dir of sysctlDirs) {
    const now = stack.sysctlDir(`${dir}/${name}`);
    for (const [key, value] of Object.entries(was.sysctls[dir] ?? {})) {
      if (now.get(key) === value || !now.has(key)) continue;
      try {
        stack.setSysctls([[`${dir.replaceAll('/', '.')}.${name.replaceAll('.', '/')}.${key}`, value]]);
      } catch (error) {
        attempt.notes.push(`${was.name}: sysctl ${key} could not be given back (${codeOf(error) ?? 'EIO'})`);
      }
    }
  }
}

function restoreNet(attempt: Attempt, index: number, was: Snapshot): void {
  attempt.all(was.neighs.map((neigh) => {
    const lasting = ['permanent', 'noarp'].includes(neigh.state) || neigh.flags.includes('proxy');
    return [`neighbour ${neigh.address}`, (ops) => ops.neighReplace({ ...neigh, dev: index, state: lasting ? neigh.state : 'stale' })];
  }));
  // A gateway can only be named once the route to it is there.
  const ordered = [...was.routes.filter((route) => !hasGateway(route)), ...was.routes.filter(hasGateway)];
  attempt.all(ordered.map((route) => {
    const { multipath, ...rest } = route;
    const plain = omit(rest, 'dead', 'linkdown');
    if (multipath === undefined) return [`route ${route.dst}`, (ops) => ops.routeAdd({ ...plain, dev: index }), 'EEXIST'];
    const hops = multipath.map((hop) => (hop.dev === was.link.index ? { ...hop, dev: index } : hop));
    return [`route ${route.dst}`, (ops) => ops.routeReplace({ ...plain, multipath: hops })];
  }));
}

function hasGateway(route: Snapshot['routes'][number]): boolean {
  return route.gateway !== undefined || route.multipath !== undefined;
}

function restoreQueues(attempt: Attempt, index: number, was: Snapshot): void {
  const add = (qdisc: Qdisc): readonly [string, Act, ...string[]] => [`qdisc ${qdisc.kind}`, (ops) => ops.qdiscReplace(raw(qdisc, index))];
  const outer = was.qdiscs.filter(({ parent }) => parent === 'root' || parent === 'ingress');
  attempt.all(outer.map(add));
  attempt.all(was.classes.filter(({ kind }) => kind !== 'tbf').map((one) => [`class ${one.handle}`, (ops) => ops.classAdd(raw(one, index)), 'EEXIST']));
  attempt.all(was.qdiscs.filter((qdisc) => !outer.includes(qdisc)).map(add));
  if (was.classes.some(({ kind }) => kind !== 'tbf') || outer.some(({ kind }) => kind === 'ingress' || kind === 'clsact')) {
    attempt.notes.push(`${was.name}: tc filters were not noted and are not given back`);
  }
}

function raw(qdisc: Qdisc, dev: number): Qdisc {
  return { ...omit(qdisc, 'tbf'), dev };
}
