import {
  FIB_RULE_HDR_LEN, FIB_RULE_INVERT, FRA_DPORT_RANGE, FRA_DST, FRA_FWMARK, FRA_FWMASK, FRA_GOTO, FRA_IIFNAME, FRA_IP_PROTO, FRA_L3MDEV, FRA_OIFNAME,
  FRA_PRIORITY, FRA_PROTOCOL, FRA_SPORT_RANGE, FRA_SRC, FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE, FRA_UID_RANGE, RULE_ACTIONS,
} from './abi/rule.ts';
import { AF_UNSPEC, NLM_F_CREATE, NLM_F_EXCL } from './abi/netlink.ts';
import { PROTOCOLS } from './abi/route.ts';
import { RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from './abi/rtnetlink.ts';
import type { IpFamily } from './address.ts';
import { familyName, familyNumber, formatAddress, parsePrefix } from './address.ts';
import type { Channel } from './channel.ts';
import { defined, toName, toNumber } from './enum.ts';
import { invalid } from './error.ts';
import { checkName } from './names.ts';
import type { Request } from './request.ts';
import { Attrs } from './wire/attr.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';

/** An inclusive range of ports or user ids. */
export type Range = readonly [first: number, last: number];

/** A routing policy rule to set (ip-rule(8)). What `ruleList` gives can be given back. */
export interface RuleSpec {
  /** Needed where neither `from` nor `to` tells; `inet` unless given. */
  family?: IpFamily;
  /** The kernel picks one below the lowest where absent. */
  priority?: number;
  from?: string;
  to?: string;
  iif?: string;
  oif?: string;
  fwmark?: number;
  fwmask?: number;
  tos?: number;
  ipproto?: number;
  sport?: Range;
  dport?: Range;
  uidrange?: Range;
  invert?: boolean;
  /** `table` unless given; also `goto`, `nop`, `blackhole`, `unreachable`, `prohibit`. */
  action?: string;
  /** Main (254) unless given. */
  table?: number;
  goto?: number;
  suppressPrefixLength?: number;
  suppressGroup?: number;
  l3mdev?: boolean;
  /** Who set it: `kernel`, `boot`, `static`, ... or a number. */
  protocol?: string;
}

export interface Rule extends RuleSpec {
  readonly family: IpFamily;
  readonly priority: number;
  readonly action: string;
}

/** `EEXIST` if the same rule is set. */
export function ruleAdd(spec: RuleSpec): Request {
  return change(spec, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 'rule add');
}

/** `ENOENT` if no rule matches what is given. */
export function ruleDel(spec: RuleSpec): Request {
  return change(spec, RTM_DELRULE, 0, 'rule del');
}

function change(spec: RuleSpec, type: number, flags: number, operation: string): Request {
  const to = spec.to === undefined ? undefined : parsePrefix(spec.to, 'rule to');
  const from = spec.from === undefined ? undefined : parsePrefix(spec.from, 'rule from');
  const family = spec.family ?? to?.family ?? from?.family ?? 'inet';
  if ((to !== undefined && to.family !== family) || (from !== undefined && from.family !== family)) throw invalid('rule', `from and to must be of family ${family}`);
  const action = toNumber(RULE_ACTIONS, spec.action ?? (spec.goto === undefined ? 'table' : 'goto'), 'rule action');
  const table = spec.table ?? (action === RULE_ACTIONS.table && spec.l3mdev !== true && type === RTM_NEWRULE ? 254 : 0);
  const w = new Writer(128);
  w.u8(familyNumber(family)).u8(to?.length ?? 0).u8(from?.length ?? 0).u8(spec.tos ?? 0);
  w.u8(table < 256 ? table : 0).u8(0).u8(0).u8(action).u32(spec.invert === true ? FIB_RULE_INVERT : 0);
  if (to !== undefined) w.attrBytes(FRA_DST, to.bytes);
  if (from !== undefined) w.attrBytes(FRA_SRC, from.bytes);
  writeMatches(w, spec);
  if (table >= 256) w.attrU32(FRA_TABLE, table);
  if (spec.goto !== undefined) w.attrU32(FRA_GOTO, spec.goto);
  if (spec.suppressPrefixLength !== undefined) w.attrU32(FRA_SUPPRESS_PREFIXLEN, spec.suppressPrefixLength);
  if (spec.suppressGroup !== undefined) w.attrU32(FRA_SUPPRESS_IFGROUP, spec.suppressGroup);
  if (spec.l3mdev === true) w.attrU8(FRA_L3MDEV, 1);
  const protocol = spec.protocol ?? (type === RTM_NEWRULE ? 'boot' : undefined);
  if (protocol !== undefined) w.attrU8(FRA_PROTOCOL, toNumber(PROTOCOLS, protocol, 'rule protocol'));
  return { type, flags, body: w.finish(), operation, object: `priority ${spec.priority ?? 'auto'}` };
}

function writeMatches(w: Writer, spec: RuleSpec): void {
  if (spec.priority !== undefined) w.attrU32(FRA_PRIORITY, spec.priority);
  if (spec.iif !== undefined) w.attrString(FRA_IIFNAME, checkName(spec.iif));
  if (spec.oif !== undefined) w.attrString(FRA_OIFNAME, checkName(spec.oif));
  if (spec.fwmark !== undefined) w.attrU32(FRA_FWMARK, spec.fwmark);
  if (spec.fwmask !== undefined) w.attrU32(FRA_FWMASK, spec.fwmask);
  if (spec.ipproto !== undefined) w.attrU8(FRA_IP_PROTO, spec.ipproto);
  const { sport, dport, uidrange } = spec;
  if (sport !== undefined) w.attr(FRA_SPORT_RANGE, (a) => a.u16(sport[0]).u16(sport[1]));
  if (dport !== undefined) w.attr(FRA_DPORT_RANGE, (a) => a.u16(dport[0]).u16(dport[1]));
  if (uidrange !== undefined) w.attr(FRA_UID_RANGE, (a) => a.u32(uidrange[0]).u32(uidrange[1]));
}

/** Reads the body of RTM_NEWRULE or RTM_DELRULE; undefined for families other than IPv4 and IPv6. */
export function readRule(body: Uint8Array): Rule | undefined {
  const header = new Reader(body);
  header.need(0, FIB_RULE_HDR_LEN);
  const family = familyName(header.u8(0));
  if (family === undefined) return undefined;
  const a = Attrs.read(body, FIB_RULE_HDR_LEN);
  const dst = a.bytes(FRA_DST);
  const src = a.bytes(FRA_SRC);
  const [sport, dport, uids] = [a.reader(FRA_SPORT_RANGE), a.reader(FRA_DPORT_RANGE), a.reader(FRA_UID_RANGE)];
  const suppress = a.u32(FRA_SUPPRESS_PREFIXLEN);
  const group = a.u32(FRA_SUPPRESS_IFGROUP);
  const protocol = a.u8(FRA_PROTOCOL);
  return {
    family,
    priority: a.u32(FRA_PRIORITY) ?? 0,
    action: toName(RULE_ACTIONS, header.u8(7)),
    ...defined({
      to: dst === undefined ? undefined : `${formatAddress(dst)}/${header.u8(1)}`,
      from: src === undefined ? undefined : `${formatAddress(src)}/${header.u8(2)}`,
      iif: a.string(FRA_IIFNAME), oif: a.string(FRA_OIFNAME), fwmark: a.u32(FRA_FWMARK), fwmask: a.u32(FRA_FWMASK), tos: header.u8(3) || undefined,
      ipproto: a.u8(FRA_IP_PROTO),
      sport: sport && ([sport.u16(0), sport.u16(2)] as const), dport: dport && ([dport.u16(0), dport.u16(2)] as const),
      uidrange: uids && ([uids.u32(0), uids.u32(4)] as const),
      invert: (header.u32(8) & FIB_RULE_INVERT) !== 0 || undefined, table: (a.u32(FRA_TABLE) ?? header.u8(4)) || undefined, goto: a.u32(FRA_GOTO),
      suppressPrefixLength: suppress === 0xffffffff ? undefined : suppress, suppressGroup: group === 0xffffffff ? undefined : group,
      l3mdev: a.u8(FRA_L3MDEV) ? true : undefined, protocol: protocol === undefined ? undefined : toName(PROTOCOLS, protocol),
    }),
  };
}

/** The rules of one or both families, in the kernel's order. */
export function ruleList(channel: Channel, family?: IpFamily): Rule[] {
  const w = new Writer(16).u8(family === undefined ? AF_UNSPEC : familyNumber(family)).zero(FIB_RULE_HDR_LEN - 1);
  return channel
    .dump({ type: RTM_GETRULE, flags: 0, body: w.finish(), operation: 'rule list', object: '' })
    .flatMap((m) => (m.type === RTM_NEWRULE ? (readRule(m.body) ?? []) : []))
    .filter((rule) => family === undefined || rule.family === family);
}
