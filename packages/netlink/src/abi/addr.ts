// Numbers of <linux/if_addr.h>; see rtnetlink(7), ip-address(8).

export const IFADDRMSG_LEN = 8;
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_LABEL = 3;
export const IFA_BROADCAST = 4;
export const IFA_CACHEINFO = 6;
export const IFA_FLAGS = 8;
export const IFA_RT_PRIORITY = 9;
export const IFA_PROTO = 11;
export const INFINITY_LIFE_TIME = 0xffffffff;

/** IFA_F_* flags: name as ip(8) prints it. `temporary` and `secondary` are one bit. */
export const ADDR_FLAGS = {
  secondary: 0x01, nodad: 0x02, optimistic: 0x04, dadfailed: 0x08, home: 0x10, deprecated: 0x20, tentative: 0x40,
  permanent: 0x80, managetempaddr: 0x100, noprefixroute: 0x200, autojoin: 0x400, stable_privacy: 0x800,
} as const;

/** The flags that a request may set; the others are the kernel's own state. */
export const ADDR_FLAGS_SETTABLE: number = 0x02 | 0x04 | 0x10 | 0x100 | 0x200 | 0x400;
