import {
  TBF_QOPT_LEN, TC_LINKLAYER_ETHERNET, TCA_TBF_BURST, TCA_TBF_PARMS, TCA_TBF_PBURST, TCA_TBF_PRATE64, TCA_TBF_RATE64, TICK_NS,
} from './abi/qdisc.ts';
import { invalid } from './error.ts';
import type { Attrs } from './wire/attr.ts';
import type { Writer } from './wire/writer.ts';

/** Token bucket filter (tc-tbf(8)). */
export interface Tbf {
  /** Bytes per second (tc(8) prints bits). */
  rate: number;
  /** Bucket size in bytes; read back it may differ by the kernel's 64 ns ticks. */
  burst: number;
  /** Bytes that may wait; or give `latency`. */
  limit?: number;
  /** Longest wait in milliseconds, only taken when setting: `limit` = rate × latency + burst. */
  latency?: number;
  /** Bytes per second above which the bucket is not emptied either, with its own `mtu` bucket in bytes. */
  peakrate?: number;
  mtu?: number;
}

const U32 = 0xffffffff;

/** Writes the inside of TCA_OPTIONS. `EINVAL` unless rate, burst and limit or latency are there. */
export function writeTbf(w: Writer, tbf: Tbf): void {
  const limit = tbf.limit ?? (tbf.latency === undefined ? undefined : Math.ceil((tbf.rate * tbf.latency) / 1000) + tbf.burst);
  if (!(tbf.rate > 0) || !(tbf.burst > 0) || limit === undefined) throw invalid('tbf', 'needs a rate and a burst above 0, and a limit or latency');
  if ((tbf.peakrate === undefined) !== (tbf.mtu === undefined)) throw invalid('tbf', 'peakrate and mtu go together');
  w.attr(TCA_TBF_PARMS, (p) => {
    writeRate(p, tbf.rate);
    writeRate(p, tbf.peakrate ?? 0);
    p.u32(limit).u32(ticks(tbf.burst, tbf.rate)).u32(tbf.mtu === undefined ? 0 : ticks(tbf.mtu, tbf.peakrate ?? 0));
  });
  w.attrU32(TCA_TBF_BURST, tbf.burst);
  if (tbf.rate >= U32) w.attrU64(TCA_TBF_RATE64, tbf.rate);
  if (tbf.mtu !== undefined) w.attrU32(TCA_TBF_PBURST, tbf.mtu);
  if (tbf.peakrate !== undefined && tbf.peakrate >= U32) w.attrU64(TCA_TBF_PRATE64, tbf.peakrate);
}

/** struct tc_ratespec. */
function writeRate(w: Writer, rate: number): void {
  w.u8(0).u8(rate === 0 ? 0 : TC_LINKLAYER_ETHERNET).u16(0).u16(0).u16(0).u32(Math.min(rate, U32));
}

function ticks(bytes: number, rate: number): number {
  return Math.min(U32, Math.ceil((bytes * 1e9) / rate / TICK_NS));
}

/** Reads the inside of TCA_OPTIONS; undefined if the settings are cut short. */
export function readTbf(a: Attrs): Tbf | undefined {
  const p = a.reader(TCA_TBF_PARMS);
  if (p === undefined || p.length < TBF_QOPT_LEN) return undefined;
  const rate = a.u64(TCA_TBF_RATE64) ?? p.u32(8);
  const peakrate = a.u64(TCA_TBF_PRATE64) ?? p.u32(20);
  const bytes = (at: number, per: number): number => Math.round((p.u32(at) * TICK_NS * per) / 1e9);
  return { rate, limit: p.u32(24), burst: bytes(28, rate), ...(peakrate > 0 && { peakrate, mtu: bytes(32, peakrate) }) };
}
