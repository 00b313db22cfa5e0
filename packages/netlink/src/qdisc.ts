import { AF_UNSPEC, NLA_TYPE_MASK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './abi/netlink.ts';
import { TC_H_INGRESS, TC_H_ROOT, TCA_DUMP_INVISIBLE, TCA_EGRESS_BLOCK, TCA_HTB_INIT, TCA_INGRESS_BLOCK, TCA_KIND, TCA_OPTIONS, TCMSG_LEN } from './abi/qdisc.ts';
import {
  RTM_DELQDISC, RTM_GETQDISC, RTM_GETTCLASS, RTM_NEWQDISC, RTM_NEWTCLASS,
} from './abi/rtnetlink.ts';
import type { Channel } from './channel.ts';
import { defined } from './enum.ts';
import { invalid } from './error.ts';
import type { LinkRef } from './names.ts';
import type { Request } from './request.ts';
import type { Resolver } from './resolve.ts';
import { refText } from './resolve.ts';
import type { Tbf } from './tbf.ts';
import { readTbf, writeTbf } from './tbf.ts';
import { Attrs } from './wire/attr.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';

/** A queueing discipline to set (tc(8)): a `tbf` by its settings, or any kind by the raw options that `qdiscList` gave. */
export interface QdiscSpec {
  dev: LinkRef;
  /** `tbf`, `fq_codel`, ... */
  kind: string;
  /** `root` unless given; `ingress`, or `MAJOR:MINOR` in hexadecimal. */
  parent?: string;
  /** `MAJOR:` in hexadecimal; the kernel picks one where absent. */
  handle?: string;
  tbf?: Tbf;
  /** TCA_OPTIONS as it came; goes before `tbf`, so that what was listed comes back exactly. */
  options?: Uint8Array;
}

/** A queueing discipline or class that is set; `dev` is the interface's index. */
export interface Qdisc extends QdiscSpec {
  readonly dev: number;
  readonly parent: string;
  readonly handle: string;
  readonly ingressBlock?: number;
  readonly egressBlock?: number;
}

/** `EEXIST` if the parent has one already that was set by hand. */
export function qdiscAdd(resolver: Resolver, spec: QdiscSpec): Request {
  return change(resolver, spec, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, 'qdisc add');
}

export function qdiscReplace(resolver: Resolver, spec: QdiscSpec): Request {
  return change(resolver, spec, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, 'qdisc replace');
}

/** Removes what hangs at `parent` (root unless given), which gives the interface its default back. `ENOENT` if none was set. */
export function qdiscDel(resolver: Resolver, where: { dev: LinkRef; parent?: string; handle?: string }): Request {
  const w = new Writer(32);
  writeTcmsg(w, resolver.index(where.dev), where.handle, where.parent ?? 'root');
  return { type: RTM_DELQDISC, flags: 0, body: w.finish(), operation: 'qdisc del', object: `${refText(where.dev)} ${where.parent ?? 'root'}` };
}

/** Makes a class again from the raw options that `classList` gave. */
export function classAdd(resolver: Resolver, spec: QdiscSpec): Request {
  return change(resolver, spec, RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL, 'class add');
}

function change(resolver: Resolver, spec: QdiscSpec, type: number, flags: number, operation: string): Request {
  const { tbf, options } = spec;
  if (tbf !== undefined && spec.kind !== 'tbf') throw invalid('qdisc', `a ${spec.kind} takes no tbf settings`);
  const w = new Writer();
  writeTcmsg(w, resolver.index(spec.dev), spec.handle, spec.parent ?? (spec.kind === 'ingress' || spec.kind === 'clsact' ? 'ingress' : 'root'));
  w.attrString(TCA_KIND, spec.kind);
  if (options !== undefined) w.attrBytes(TCA_OPTIONS, spec.kind === 'htb' && type === RTM_NEWQDISC ? htbOptions(options) : options);
  else if (tbf !== undefined) w.nest(TCA_OPTIONS, (list) => { writeTbf(list, tbf); });
  return { type, flags, body: w.finish(), operation, object: `${refText(spec.dev)} ${spec.kind}` };
}

/** An htb tells its version in full (0x30011) but takes only the major number back. */
function htbOptions(options: Uint8Array): Uint8Array {
  const w = new Writer(options.length);
  for (const { type, bytes } of Attrs.read(options).list) {
    if ((type & NLA_TYPE_MASK) !== TCA_HTB_INIT || bytes.length < 4) w.attrBytes(type, bytes);
    else w.attr(type, (init) => init.u32(new Reader(bytes).u32(0) >>> 16 || 3).bytes(bytes.subarray(4)));
  }
  return w.finish();
}

function writeTcmsg(w: Writer, dev: number, handle: string | undefined, parent: string): void {
  w.u8(AF_UNSPEC).u8(0).u16(0).i32(dev).u32(handle === undefined ? 0 : parseHandle(handle)).u32(parseHandle(parent)).u32(0);
}

/** `root`, `ingress`, `none`, `1:`, `1:2a` as a number. */
export function parseHandle(text: string): number {
  if (text === 'root') return TC_H_ROOT;
  if (text === 'ingress') return TC_H_INGRESS;
  if (text === 'none') return 0;
  const found = /^([0-9a-f]{0,4}):([0-9a-f]{0,4})$/i.exec(text);
  if (found === null) throw invalid('qdisc handle', `${JSON.stringify(text.slice(0, 40))} is not root, ingress or MAJOR:MINOR in hexadecimal`);
  return Number.parseInt(found[1] || '0', 16) * 0x10000 + Number.parseInt(found[2] || '0', 16);
}

/** The text that `parseHandle` takes. */
export function formatHandle(handle: number): string {
  if (handle === TC_H_ROOT) return 'root';
  if (handle === TC_H_INGRESS) return 'ingress';
  if (handle === 0) return 'none';
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}

/** Reads the body of RTM_NEWQDISC, RTM_NEWTCLASS and their removals. */
export function readQdisc(body: Uint8Array): Qdisc {
  const header = new Reader(body);
  header.need(0, TCMSG_LEN);
  const a = Attrs.read(body, TCMSG_LEN);
  const kind = a.string(TCA_KIND) ?? '';
  const options = a.list.find((raw) => (raw.type & NLA_TYPE_MASK) === TCA_OPTIONS)?.bytes.slice();
  return {
    dev: header.i32(4),
    kind,
    handle: formatHandle(header.u32(8)),
    parent: formatHandle(header.u32(12)),
    ...defined({
      options, tbf: kind === 'tbf' && options !== undefined ? readTbf(Attrs.read(options)) : undefined,
      ingressBlock: a.u32(TCA_INGRESS_BLOCK), egressBlock: a.u32(TCA_EGRESS_BLOCK),
    }),
  };
}

/**
 * The queueing disciplines of one interface or all, outer before inner. Those that the kernel put there itself have
 * handle `none`; they need not be given back.
 */
export function qdiscList(channel: Channel, resolver: Resolver, dev?: LinkRef): Qdisc[] {
  const index = dev === undefined ? 0 : resolver.index(dev);
  const w = new Writer(32);
  writeTcmsg(w, index, undefined, 'none');
  w.attrFlag(TCA_DUMP_INVISIBLE);
  const found = channel.dump({ type: RTM_GETQDISC, flags: 0, body: w.finish(), operation: 'qdisc list', object: '' });
  return found.filter((m) => m.type === RTM_NEWQDISC).map((m) => readQdisc(m.body)).filter((q) => index === 0 || q.dev === index);
}

/** The classes of one interface, raw. */
export function classList(channel: Channel, resolver: Resolver, dev: LinkRef): Qdisc[] {
  const w = new Writer(32);
  writeTcmsg(w, resolver.index(dev), undefined, 'none');
  const found = channel.dump({ type: RTM_GETTCLASS, flags: 0, body: w.finish(), operation: 'class list', object: refText(dev) });
  return found.filter((m) => m.type === RTM_NEWTCLASS).map((m) => readQdisc(m.body));
}
