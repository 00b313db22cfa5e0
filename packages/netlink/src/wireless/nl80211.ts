import {
  IFTYPES, NL80211_ATTR_4ADDR, NL80211_ATTR_IFINDEX, NL80211_ATTR_IFNAME, NL80211_ATTR_IFTYPE, NL80211_ATTR_MAC, NL80211_ATTR_NETNS_FD, NL80211_ATTR_PID,
  NL80211_ATTR_SPLIT_WIPHY_DUMP, NL80211_ATTR_SSID, NL80211_ATTR_SUPPORTED_COMMANDS, NL80211_ATTR_SUPPORTED_IFTYPES, NL80211_ATTR_WDEV, NL80211_ATTR_WIPHY,
  NL80211_ATTR_WIPHY_FREQ, NL80211_ATTR_WIPHY_NAME, NL80211_CMD_GET_INTERFACE, NL80211_CMD_GET_WIPHY, NL80211_CMD_SET_WIPHY_NETNS,
} from '../abi/genl.ts';
import { NLA_TYPE_MASK } from '../abi/netlink.ts';
import { formatMac } from '../address.ts';
import { defined } from '../enum.ts';
import { malformed } from '../error.ts';
import { Attrs } from '../wire/attr.ts';
import { Reader } from '../wire/reader.ts';
import { genlBody, readGenl } from './genl.ts';

/** A radio (`phy0`). A wireless interface moves between namespaces only with its radio. */
export interface Wiphy {
  readonly wiphy: number;
  readonly name: string;
  /** Interface types it can be, as iw(8) names them. */
  readonly iftypes: readonly string[];
  /** NL80211_CMD_* numbers it supports. */
  readonly commands: readonly number[];
  /** Whether it can change namespace (it supports SET_WIPHY_NETNS). */
  readonly canSetNetns: boolean;
}

/** A wireless interface and its radio. */
export interface WirelessInterface {
  readonly wiphy: number;
  /** Absent for one without a network device (P2P-device). */
  readonly index?: number;
  readonly name?: string;
  readonly iftype: string;
  readonly address?: string;
  readonly ssid?: string;
  /** MHz. */
  readonly frequency?: number;
  readonly wdev?: string;
  readonly fourAddr?: boolean;
}

/** Body of GET_WIPHY; a dump is asked for in split messages, which must be merged (`mergeWiphys`). */
export function wiphyListBody(): Uint8Array {
  return genlBody(NL80211_CMD_GET_WIPHY, 0, (w) => w.attrFlag(NL80211_ATTR_SPLIT_WIPHY_DUMP));
}

/** Body of GET_INTERFACE for a dump, or for one interface. */
export function interfaceBody(index?: number): Uint8Array {
  return genlBody(NL80211_CMD_GET_INTERFACE, 0, (w) => (index === undefined ? w : w.attrU32(NL80211_ATTR_IFINDEX, index)));
}

/** Where a radio goes: a descriptor of the namespace, or a process in it. */
export type WiphyTarget = { netns: number } | { pid: number };

/** Body of SET_WIPHY_NETNS. */
export function setWiphyNetnsBody(wiphy: number, target: WiphyTarget): Uint8Array {
  return genlBody(NL80211_CMD_SET_WIPHY_NETNS, 0, (w) => {
    w.attrU32(NL80211_ATTR_WIPHY, wiphy);
    if ('netns' in target) w.attrU32(NL80211_ATTR_NETNS_FD, target.netns);
    else w.attrU32(NL80211_ATTR_PID, target.pid);
  });
}

/** Reads one NEW_WIPHY message, which in a split dump holds only part of what is known. */
export function readWiphy(body: Uint8Array): Wiphy {
  const { attrs } = readGenl(body);
  const wiphy = attrs.u32(NL80211_ATTR_WIPHY);
  if (wiphy === undefined) throw malformed('wiphy without a number');
  const commands = attrs.nested(NL80211_ATTR_SUPPORTED_COMMANDS).list.map((raw) => new Reader(raw.bytes).u32(0));
  return {
    wiphy,
    name: attrs.string(NL80211_ATTR_WIPHY_NAME) ?? '',
    iftypes: attrs.nested(NL80211_ATTR_SUPPORTED_IFTYPES).list.map((raw) => IFTYPES[raw.type & NLA_TYPE_MASK] ?? String(raw.type & NLA_TYPE_MASK)),
    commands,
    canSetNetns: commands.includes(NL80211_CMD_SET_WIPHY_NETNS),
  };
}

/** Joins the parts of a split dump, by radio. */
export function mergeWiphys(parts: readonly Wiphy[]): Wiphy[] {
  const merged = new Map<number, Wiphy>();
  for (const part of parts) {
    const before = merged.get(part.wiphy);
    merged.set(part.wiphy, before === undefined ? part : {
      wiphy: part.wiphy,
      name: before.name === '' ? part.name : before.name,
      iftypes: [...before.iftypes, ...part.iftypes],
      commands: [...before.commands, ...part.commands],
      canSetNetns: before.canSetNetns || part.canSetNetns,
    });
  }
  return [...merged.values()];
}

/** Reads one NEW_INTERFACE message. */
export function readInterface(body: Uint8Array): WirelessInterface {
  const { attrs } = readGenl(body);
  const wiphy = attrs.u32(NL80211_ATTR_WIPHY);
  if (wiphy === undefined) throw malformed('wireless interface without a wiphy');
  const iftype = attrs.u32(NL80211_ATTR_IFTYPE) ?? 0;
  const mac = attrs.bytes(NL80211_ATTR_MAC);
  const fourAddr = attrs.u8(NL80211_ATTR_4ADDR);
  return {
    wiphy,
    iftype: IFTYPES[iftype] ?? String(iftype),
    ...defined({
      index: attrs.u32(NL80211_ATTR_IFINDEX), name: attrs.string(NL80211_ATTR_IFNAME), address: mac && formatMac(mac),
      ssid: ssid(attrs), frequency: attrs.u32(NL80211_ATTR_WIPHY_FREQ), wdev: attrs.reader(NL80211_ATTR_WDEV)?.hex64(0),
      fourAddr: fourAddr === undefined ? undefined : fourAddr !== 0,
    }),
  };
}

/** A network's name is bytes without a NUL. */
function ssid(attrs: Attrs): string | undefined {
  const bytes = attrs.bytes(NL80211_ATTR_SSID);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
