import type { Tbf } from '@vimage/netlink';

/** Bytes of a frame above its packet: Ethernet header, one VLAN tag, checksum. */
const overhead = 22;
const most = 0xffffffff;

/**
 * A token bucket for a rate in bits per second. The bucket holds what 10 ms send, so that a timer of 100 Hz can keep up (tc-tbf(8)),
 * and never less than one packet, which could else not pass at all; 50 ms or ten packets may wait.
 */
export function tbfOf(bits: number, mtu: number): Tbf {
  const rate = Math.floor(bits / 8);
  const packet = mtu + overhead;
  const burst = Math.min(most, Math.max(Math.ceil(rate / 100), packet, 2 * 1522));
  return { rate, burst, limit: Math.min(most, Math.max(Math.ceil(rate / 20), 10 * packet) + burst) };
}
