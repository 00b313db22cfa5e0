// Numbers of <linux/pkt_sched.h> and tcmsg of <linux/rtnetlink.h>; see tc(8), tc-tbf(8).

export const TCMSG_LEN = 20;
export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;
export const TCA_INGRESS_BLOCK = 13;
export const TCA_EGRESS_BLOCK = 14;
export const TCA_HTB_INIT = 2;
export const TCA_DUMP_INVISIBLE = 10;

export const TC_H_ROOT = 0xffffffff;
export const TC_H_INGRESS = 0xfffffff1;

export const TCA_TBF_PARMS = 1;
export const TCA_TBF_RATE64 = 4;
export const TCA_TBF_PRATE64 = 5;
export const TCA_TBF_BURST = 6;
export const TCA_TBF_PBURST = 7;
export const TBF_QOPT_LEN = 36;
/** tc_ratespec.linklayer: the kernel computes times itself, no rate table is sent. */
export const TC_LINKLAYER_ETHERNET = 1;
/** One packet-scheduler tick in nanoseconds (PSCHED_SHIFT 6, /proc/net/psched). */
export const TICK_NS = 64;
