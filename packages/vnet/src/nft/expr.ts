import { Writer } from '@vimage/netlink';
import * as abi from './abi.ts';

/** One expression of a rule: its name, and its attributes. */
export interface Expr {
  readonly name: string;
  readonly fill: (w: Writer) => void;
}

const utf8 = new TextEncoder();

/** An attribute of 32 bits in network order. */
export function be32(w: Writer, type: number, value: number): void {
  w.attr(type, (a) => a.be16((value >>> 16) & 0xffff).be16(value & 0xffff));
}

function data(w: Writer, type: number, value: Uint8Array): void {
  w.nest(type, (d) => d.attrBytes(abi.NFTA_DATA_VALUE, value));
}

function number16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

/** 32 bits as the processor has them: registers of addrtype and ct status are so. */
function host32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Register 1 compared with bytes. */
function cmp(value: Uint8Array, op: number = abi.CMP_EQ): Expr {
  return {
    name: 'cmp',
    fill: (w) => {
      be32(w, abi.NFTA_CMP_SREG, abi.NFT_REG_1);
      be32(w, abi.NFTA_CMP_OP, op);
      data(w, abi.NFTA_CMP_DATA, value);
    },
  };
}

function meta(key: number): Expr {
  return {
    name: 'meta',
    fill: (w) => {
      be32(w, abi.NFTA_META_DREG, abi.NFT_REG_1);
      be32(w, abi.NFTA_META_KEY, key);
    },
  };
}

function payload(base: number, offset: number, length: number): Expr {
  return {
    name: 'payload',
    fill: (w) => {
      be32(w, abi.NFTA_PAYLOAD_DREG, abi.NFT_REG_1);
      be32(w, abi.NFTA_PAYLOAD_BASE, base);
      be32(w, abi.NFTA_PAYLOAD_OFFSET, offset);
      be32(w, abi.NFTA_PAYLOAD_LEN, length);
    },
  };
}

function masked(mask: Uint8Array): Expr {
  return {
    name: 'bitwise',
    fill: (w) => {
      be32(w, abi.NFTA_BITWISE_SREG, abi.NFT_REG_1);
      be32(w, abi.NFTA_BITWISE_DREG, abi.NFT_REG_1);
      be32(w, abi.NFTA_BITWISE_LEN, mask.length);
      data(w, abi.NFTA_BITWISE_MASK, mask);
      data(w, abi.NFTA_BITWISE_XOR, new Uint8Array(mask.length));
    },
  };
}

/** The 16 bytes of a name, as the kernel compares it. */
function nameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(utf8.encode(name).subarray(0, 15));
  return bytes;
}

/** The interface a packet came in through. */
export function iifname(name: string, not = false): readonly Expr[] {
  return [meta(abi.META_IIFNAME), cmp(nameBytes(name), not ? abi.CMP_NEQ : abi.CMP_EQ)];
}

/** The interface it goes out of. */
export function oifname(name: string, not = false): readonly Expr[] {
  return [meta(abi.META_OIFNAME), cmp(nameBytes(name), not ? abi.CMP_NEQ : abi.CMP_EQ)];
}

/** IPv4 or IPv6; rules that look at addresses begin with it. */
export function family(of: 4 | 6): readonly Expr[] {
  return [meta(abi.META_NFPROTO), cmp(Uint8Array.of(of === 4 ? abi.NFPROTO_IPV4 : abi.NFPROTO_IPV6))];
}

/** Source or destination address, or a network by its mask; after {@link family}. */
export function addr(which: 'saddr' | 'daddr', bytes: Uint8Array, mask?: Uint8Array): readonly Expr[] {
  const four = bytes.length === 4;
  const offset = which === 'saddr' ? (four ? 12 : 8) : four ? 16 : 24;
  return [payload(abi.PAYLOAD_NETWORK, offset, bytes.length), ...(mask === undefined ? [] : [masked(mask)]), cmp(bytes)];
}

/** Any address but this one; after {@link family}. */
export function addrNot(which: 'saddr' | 'daddr', bytes: Uint8Array): readonly Expr[] {
  return [...addr(which, bytes).slice(0, -1), cmp(bytes, abi.CMP_NEQ)];
}

/** Protocol and destination port. */
export function dport(protocol: 'tcp' | 'udp', port: number): readonly Expr[] {
  return [meta(abi.META_L4PROTO), cmp(Uint8Array.of(protocol === 'tcp' ? 6 : 17)), payload(abi.PAYLOAD_TRANSPORT, 2, 2), cmp(number16(port))];
}

/** The address is one of this stack's own. */
export function local(which: 'saddr' | 'daddr'): readonly Expr[] {
  return [
    {
      name: 'fib',
      fill: (w) => {
        be32(w, abi.NFTA_FIB_DREG, abi.NFT_REG_1);
        be32(w, abi.NFTA_FIB_RESULT, abi.FIB_RESULT_ADDRTYPE);
        be32(w, abi.NFTA_FIB_FLAGS, which === 'saddr' ? abi.FIB_F_SADDR : abi.FIB_F_DADDR);
      },
    },
    cmp(host32(abi.RTN_LOCAL)),
  ];
}

/** The connection's destination was rewritten. */
export function wasDnat(): readonly Expr[] {
  const ct: Expr = {
    name: 'ct',
    fill: (w) => {
      be32(w, abi.NFTA_CT_DREG, abi.NFT_REG_1);
      be32(w, abi.NFTA_CT_KEY, abi.CT_STATUS);
    },
  };
  return [ct, masked(host32(abi.IPS_DST_NAT)), cmp(new Uint8Array(4), abi.CMP_NEQ)];
}

export function drop(): readonly Expr[] {
  return [
    {
      name: 'immediate',
      fill: (w) => {
        be32(w, abi.NFTA_IMMEDIATE_DREG, abi.NFT_REG_VERDICT);
        w.nest(abi.NFTA_IMMEDIATE_DATA, (d) => d.nest(abi.NFTA_DATA_VERDICT, (v) => be32(v, abi.NFTA_VERDICT_CODE, abi.NF_DROP)));
      },
    },
  ];
}

export function masquerade(): readonly Expr[] {
  return [{ name: 'masq', fill: () => undefined }];
}

function immediate(register: number, value: Uint8Array): Expr {
  return {
    name: 'immediate',
    fill: (w) => {
      be32(w, abi.NFTA_IMMEDIATE_DREG, register);
      data(w, abi.NFTA_IMMEDIATE_DATA, value);
    },
  };
}

/** Rewrites the destination. */
export function dnat(to: Uint8Array, port: number): readonly Expr[] {
  return [
    immediate(abi.NFT_REG_1, to),
    immediate(abi.NFT_REG_2, number16(port)),
    {
      name: 'nat',
      fill: (w) => {
        be32(w, abi.NFTA_NAT_TYPE, abi.NAT_DNAT);
        be32(w, abi.NFTA_NAT_FAMILY, to.length === 4 ? abi.NFPROTO_IPV4 : abi.NFPROTO_IPV6);
        be32(w, abi.NFTA_NAT_REG_ADDR_MIN, abi.NFT_REG_1);
        be32(w, abi.NFTA_NAT_REG_PROTO_MIN, abi.NFT_REG_2);
      },
    },
  ];
}
