import { VimageError } from '@vimage/core';
import { netlinkSocket } from '@vimage/linux';
import { Attrs, NetlinkError, Writer, decodeMessages, encodeMessage, readAck, type Message } from '@vimage/netlink';
import type { Stack } from '../stack.ts';
import { refused } from '../words.ts';
import * as abi from './abi.ts';
import { be32, type Expr } from './expr.ts';

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP = 0x300;
const NLM_F_CREATE = 0x400;
const NLM_F_APPEND = 0x800;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

/** A base chain: where it hooks in. Without it, a chain is only a name. */
export interface Hook {
  readonly type: 'filter' | 'nat';
  readonly hook: keyof typeof abi.HOOKS;
  readonly priority: number;
}

interface Note {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
  readonly what: string;
}

/** Changes of one stack's nf_tables, which the kernel does all at once or not at all. Tables are of family inet. */
export class Transaction {
  readonly #notes: Note[] = [];
  readonly #purpose: string;

  /** `purpose`: the words of ours that asked for it, for errors. */
  constructor(purpose = 'nat and publish') {
    this.#purpose = purpose;
  }

  addTable(table: string): this {
    return this.#note(abi.NFT_MSG_NEWTABLE, NLM_F_CREATE, `table ${table}`, (w) => w.attrString(abi.NFTA_TABLE_NAME, table));
  }

  /** With its chains and rules. ENOENT. */
  deleteTable(table: string): this {
    return this.#note(abi.NFT_MSG_DELTABLE, 0, `table ${table}`, (w) => w.attrString(abi.NFTA_TABLE_NAME, table));
  }

  /** Removes it, with what it has, whether it is there or not. */
  clearTable(table: string): this {
    return this.addTable(table).deleteTable(table);
  }

  addChain(table: string, chain: string, hook?: Hook): this {
    return this.#note(abi.NFT_MSG_NEWCHAIN, NLM_F_CREATE, `chain ${chain}`, (w) => {
      w.attrString(abi.NFTA_CHAIN_TABLE, table).attrString(abi.NFTA_CHAIN_NAME, chain);
      if (hook === undefined) return;
      w.nest(abi.NFTA_CHAIN_HOOK, (h) => {
        be32(h, abi.NFTA_HOOK_HOOKNUM, abi.HOOKS[hook.hook]);
        be32(h, abi.NFTA_HOOK_PRIORITY, hook.priority);
      });
      w.attrString(abi.NFTA_CHAIN_TYPE, hook.type);
    });
  }

  deleteChain(table: string, chain: string): this {
    return this.#note(abi.NFT_MSG_DELCHAIN, 0, `chain ${chain}`, (w) => w.attrString(abi.NFTA_CHAIN_TABLE, table).attrString(abi.NFTA_CHAIN_NAME, chain));
  }

  /** Adds a rule at the end: all of the expressions hold, then the last acts. */
  addRule(table: string, chain: string, ...parts: readonly (readonly Expr[])[]): this {
    return this.#note(abi.NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, `rule in ${chain}`, (w) => {
      w.attrString(abi.NFTA_RULE_TABLE, table).attrString(abi.NFTA_RULE_CHAIN, chain);
      w.nest(abi.NFTA_RULE_EXPRESSIONS, (list) => {
        for (const expr of parts.flat()) {
          list.nest(abi.NFTA_LIST_ELEM, (elem) => elem.attrString(abi.NFTA_EXPR_NAME, expr.name).nest(abi.NFTA_EXPR_DATA, (inner) => expr.fill(inner)));
        }
      });
    });
  }

  /** Does it. EOPNOTSUPP: the kernel has no nf_tables, or not what a rule needs. */
  commit(stack: Stack): void {
    if (this.#notes.length === 0) return;
    const last = this.#notes.length;
    const parts = [batchEdge(abi.NFNL_MSG_BATCH_BEGIN, 0)];
    this.#notes.forEach((note, i) => {
      const seq = i + 1;
      parts.push(encodeMessage({ type: note.type, flags: note.flags | NLM_F_REQUEST | (seq === last ? NLM_F_ACK : 0), seq, port: 0, body: note.body }));
    });
    parts.push(batchEdge(abi.NFNL_MSG_BATCH_END, last + 1));
    using socket = netlinkSocket(abi.NETLINK_NETFILTER, stack.ns);
    socket.option(11, 1);
    socket.send(Buffer.concat(parts));
    // The kernel has acted when send returns, so all that it answers is there.
    for (let datagram = socket.tryRecv(); datagram !== undefined; datagram = socket.tryRecv()) {
      for (const message of decodeMessages(datagram)) this.#check(message);
    }
  }

  #check(message: Message): void {
    if (message.type !== NLMSG_ERROR) return;
    const { errno, text, offset } = readAck(message);
    if (errno === 0) return;
    const what = this.#notes[message.seq - 1]?.what ?? 'commit';
    throw failure(new NetlinkError(errno, { operation: 'nft', object: what }, text, offset), what, this.#purpose);
  }

  #note(type: number, flags: number, what: string, fill: (w: Writer) => void): this {
    const w = new Writer().u8(abi.NFPROTO_INET).u8(0).be16(0);
    fill(w);
    this.#notes.push({ type: (abi.NFNL_SUBSYS_NFTABLES << 8) | type, flags, body: w.finish(), what });
    return this;
  }
}

function failure(error: NetlinkError, what: string, purpose: string): VimageError {
  const lacks = error.code === 'EOPNOTSUPP' || error.code === 'EPROTONOSUPPORT' || (error.code === 'ENOENT' && what.startsWith('rule'));
  if (!lacks) return refused(error, { param: purpose, subject: what });
  return new VimageError('EOPNOTSUPP', `${purpose}: this kernel cannot make the ${what}`, {
    subject: what,
    hint: 'it needs CONFIG_NF_TABLES with CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT and CONFIG_NFT_FIB_INET: load the modules, or run a kernel built with them',
    cause: error,
  });
}

function batchEdge(type: number, seq: number): Uint8Array {
  const body = new Writer(4).u8(abi.NFPROTO_UNSPEC).u8(0).be16(abi.NFNL_SUBSYS_NFTABLES).finish();
  return encodeMessage({ type, flags: NLM_F_REQUEST, seq, port: 0, body });
}

function dump(stack: Stack, type: number, fill: (w: Writer) => void): readonly Message[] {
  const w = new Writer(64).u8(abi.NFPROTO_INET).u8(0).be16(0);
  fill(w);
  using socket = netlinkSocket(abi.NETLINK_NETFILTER, stack.ns);
  socket.send(encodeMessage({ type: (abi.NFNL_SUBSYS_NFTABLES << 8) | type, flags: NLM_F_REQUEST | NLM_F_DUMP, seq: 1, port: 0, body: w.finish() }));
  const found: Message[] = [];
  for (;;) {
    for (const message of decodeMessages(socket.recv())) {
      if (message.type === NLMSG_DONE) return found;
      if (message.type === NLMSG_ERROR) {
        const { errno, text } = readAck(message);
        if (errno !== 0) throw failure(new NetlinkError(errno, { operation: 'nft', object: 'list' }, text), 'list', 'nat and publish');
        return found;
      }
      found.push(message);
    }
  }
}

/** Names of the inet tables of a stack. */
export function tables(stack: Stack): readonly string[] {
  return dump(stack, abi.NFT_MSG_GETTABLE, () => undefined).flatMap((m) => Attrs.read(m.body, 4).string(abi.NFTA_TABLE_NAME) ?? []);
}

/** Names of the chains of one inet table. */
export function chains(stack: Stack, table: string): readonly string[] {
  return dump(stack, abi.NFT_MSG_GETCHAIN, (w) => w.attrString(abi.NFTA_CHAIN_TABLE, table)).flatMap((m) => {
    const attrs = Attrs.read(m.body, 4);
    return attrs.string(abi.NFTA_CHAIN_TABLE) === table ? (attrs.string(abi.NFTA_CHAIN_NAME) ?? []) : [];
  });
}
