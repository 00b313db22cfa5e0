// Route numbers of <linux/rtnetlink.h>; see rtnetlink(7), ip-route(8).

export const RTMSG_LEN = 12;
export const RTNEXTHOP_LEN = 8;

export const RTA_DST = 1;
export const RTA_SRC = 2;
export const RTA_IIF = 3;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_MULTIPATH = 9;
export const RTA_FLOW = 11;
export const RTA_CACHEINFO = 12;
export const RTA_TABLE = 15;
export const RTA_VIA = 18;
export const RTA_PREF = 20;
export const RTA_EXPIRES = 23;
export const RTA_PAD = 24;
export const RTA_NH_ID = 30;

/** RTAX_* metrics, by ip-route(8) name. All are u32. */
export const ROUTE_METRICS = {
  lock: 1, mtu: 2, window: 3, rtt: 4, rttvar: 5, ssthresh: 6, cwnd: 7, advmss: 8, reordering: 9, hoplimit: 10,
  initcwnd: 11, features: 12, rto_min: 13, initrwnd: 14, quickack: 15, fastopen_no_cookie: 17,
} as const;

/** Congestion control algorithm: the one metric that is text. */
export const RTAX_CC_ALGO = 16;

export const RTNH_F_DEAD = 1;
export const RTNH_F_PERVASIVE = 2;
export const RTNH_F_ONLINK = 4;
export const RTNH_F_LINKDOWN = 16;
export const RTM_F_CLONED = 0x200;

export const RT_TABLE_DEFAULT = 253;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

export const ROUTE_TYPES = {
  unspec: 0, unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5, blackhole: 6, unreachable: 7,
  prohibit: 8, throw: 9, nat: 10, xresolve: 11,
} as const;

export const SCOPES = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

export const PROTOCOLS = {
  unspec: 0, redirect: 1, kernel: 2, boot: 3, static: 4, gated: 8, ra: 9, mrt: 10, zebra: 11, bird: 12,
  dnrouted: 13, xorp: 14, ntk: 15, dhcp: 16, mrouted: 17, keepalived: 18, babel: 42, openr: 99, bgp: 186,
  isis: 187, ospf: 188, rip: 189, eigrp: 192,
} as const;

/** RTA_PREF values, ICMPv6 router preference. */
export const ROUTE_PREFS = { medium: 0, high: 1, low: 3 } as const;
