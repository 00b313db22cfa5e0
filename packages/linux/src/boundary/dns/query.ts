import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import type { DecodedPacket, RecordType } from 'dns-packet';
import type { ResolvConf } from './files.ts';

/** What c-ares calls what went wrong, which is the code of Node's error. */
export class DnsError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Of servers, which and how long; and who can call it off. */
export interface Asking extends Pick<ResolvConf, 'servers' | 'timeout' | 'attempts' | 'rotate'> {
  readonly signal: AbortSignal;
  /** Addresses to ask from. */
  readonly local?: readonly string[];
}

type Packets = typeof import('dns-packet');

let turn = 0;

/** One question to the servers, one after the other, as often as they are to be asked: the answer, whatever it says. ETIMEOUT, ECONNREFUSED, ESERVFAIL, ... */
export async function query(name: string, type: RecordType | 'ANY', asking: Asking): Promise<DecodedPacket> {
  const packets = await import('dns-packet');
  const { servers, attempts, rotate, signal } = asking;
  const first = rotate ? turn++ % servers.length : 0;
  const order = [...servers.slice(first), ...servers.slice(0, first)];
  let last = new DnsError('ETIMEOUT');
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    for (const server of order) {
      try {
        const answer = await ask(packets, name, type, server, asking);
        const refused = failure(answer);
        if (refused === undefined) return answer;
        last = refused;
      } catch (error) {
        if (!(error instanceof DnsError)) throw error;
        if (signal.aborted) throw new DnsError('ECANCELLED');
        last = error;
      }
    }
  }
  throw last;
}

/** Of answers after which another server is asked. */
function failure({ rcode }: DecodedPacket & { readonly rcode?: string }): DnsError | undefined {
  const code = { SERVFAIL: 'ESERVFAIL', NOTIMP: 'ENOTIMP', REFUSED: 'EREFUSED' }[rcode ?? ''];
  return code === undefined ? undefined : new DnsError(code);
}

async function ask(packets: Packets, name: string, type: RecordType | 'ANY', server: string, { timeout, signal, local = [] }: Asking): Promise<DecodedPacket> {
  const id = randomInt(0x10000);
  let question: Buffer;
  try {
    // The types know no ANY, the library does.
    question = packets.encode({ id, type: 'query', flags: packets.RECURSION_DESIRED, questions: [{ name, type: type as RecordType }] });
  } catch {
    throw new DnsError('EBADNAME');
  }
  const isAnswer = (answer: DecodedPacket): boolean => {
    const [asked] = answer.questions ?? [];
    return answer.id === id && answer.type === 'response' && asked?.type === type && asked.name.toLowerCase() === name.toLowerCase();
  };
  const { address, port } = endOf(server);
  const end: End = { address, port, from: local.find((each) => net.isIP(each) === net.isIP(address)) };
  const answer = await within(timeout, signal, (resolve, fail) => overUdp(packets, question, end, isAnswer, resolve, fail));
  if (!answer.flag_tc) return answer;
  return within(timeout, signal, (resolve, fail) => overTcp(packets, question, end, isAnswer, resolve, fail));
}

/** `address`, `address:port` or `[address]:port`. */
function endOf(server: string): { readonly address: string; readonly port: number } {
  const [, address = server, port = '53'] = /^\[?(\d+\.\d+\.\d+\.\d+|(?<=\[)[^\]]+)\]?:(\d+)$/.exec(server) ?? [];
  return { address, port: Number(port) };
}

/** A server, and from where it is asked; undefined: from wherever the way leads. */
interface End {
  readonly address: string;
  readonly port: number;
  readonly from: string | undefined;
}

type Ask = (resolve: (answer: DecodedPacket) => void, fail: (error: DnsError) => void) => () => void;

/** Gives up after a time, or when it is called off; what `ask` returns ends it. */
function within(timeout: number, signal: AbortSignal, start: Ask): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    let end = (): void => undefined;
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      end();
    };
    const fail = (error: DnsError): void => {
      over();
      reject(error);
    };
    const cancel = (): void => { fail(new DnsError('ECANCELLED')); };
    const timer = setTimeout(() => { fail(new DnsError('ETIMEOUT')); }, timeout);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    else end = start((answer) => { over(); resolve(answer); }, fail);
  });
}

function decoded(packets: Packets, bytes: Buffer): DecodedPacket | undefined {
  try {
    return packets.decode(bytes);
  } catch {
    return undefined;
  }
}

function refusal(error: Error & { readonly code?: string }): DnsError {
  return new DnsError(error.code === 'ESRCH' ? 'ECANCELLED' : 'ECONNREFUSED');
}

function overUdp(
  packets: Packets, question: Buffer, { address, port, from }: End, isAnswer: (answer: DecodedPacket) => boolean,
  resolve: (answer: DecodedPacket) => void, fail: (error: DnsError) => void,
): () => void {
  // Connected: only that server is heard, and a refusal comes back.
  const socket = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('error', (error) => { fail(refusal(error)); });
  socket.on('message', (bytes) => {
    const answer = decoded(packets, bytes);
    if (answer !== undefined && isAnswer(answer)) resolve(answer);
  });
  const go = (): void => { socket.connect(port, address, () => { socket.send(question); }); };
  if (from === undefined) go();
  else socket.bind(0, from, go);
  return () => { socket.close(); };
}

function overTcp(
  packets: Packets, question: Buffer, { address, port, from }: End, isAnswer: (answer: DecodedPacket) => boolean,
  resolve: (answer: DecodedPacket) => void, fail: (error: DnsError) => void,
): () => void {
  const socket = net.connect({ port, host: address, ...(from === undefined ? {} : { localAddress: from }) });
  const size = Buffer.alloc(2);
  size.writeUInt16BE(question.length);
  let heard = Buffer.alloc(0);
  socket.on('error', (error) => { fail(refusal(error)); }).on('end', () => { fail(new DnsError('EOF')); });
  socket.on('data', (bytes) => {
    heard = Buffer.concat([heard, bytes]);
    if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) return;
    const answer = decoded(packets, heard.subarray(2, 2 + heard.readUInt16BE(0)));
    if (answer !== undefined && isAnswer(answer)) resolve(answer);
    else fail(new DnsError('EBADRESP'));
  });
  socket.write(Buffer.concat([size, question]));
  return () => { socket.destroy(); };
}
