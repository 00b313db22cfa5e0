import type * as Dns from 'node:dns';
import net from 'node:net';
import { promisify } from 'node:util';
import { VimageError } from '@vimage/core';
import { binding, prototypeOf, wrap } from '../native.ts';
import { refused } from '../refused.ts';
import { afterTurn, standing } from '../store.ts';
import { hostNames, serviceName } from './files.ts';
import type { Etc } from './files.ts';
import { addresses } from './lookup.ts';
import { DnsError } from './query.ts';
import { channelOf, resolvers, reverse } from './resolve.ts';

/** Of libuv's uv.h: what getaddrinfo(3) says. */
const eai: Readonly<Record<string, number>> = { ENOTFOUND: -3008, ETIMEOUT: -3001, ECONNREFUSED: -3001, ESERVFAIL: -3001, EREFUSED: -3001, ECANCELLED: -3003 };
const EAI_FAIL = -3004;

/** As Node has them: dns.setDefaultResultOrder. */
const order = { verbatim: 0, ipv4first: 1, ipv6first: 2 };

type Answer = (...answer: readonly unknown[]) => void;

/**
 * Names. getaddrinfo(3) runs on a thread of the pool, which stands in the stack of the process, and c-ares makes sockets when a timer of
 * its own is due; so in an image both are answered by a resolver over ordinary sockets, with the image's hosts(5) and resolv.conf(5).
 */
export function wrapNames(): void {
  const native = binding('cares_wrap');
  wrap(native, 'getaddrinfo', (own) => function (request, name, family, hints, sorting) {
    return answered(request, () => Reflect.apply(own, this, [request, name, family, hints, sorting]), async (etc, signal) => {
      const list = await addresses({ name: String(name), family: Number(family), hints: Number(hints) }, etc, signal);
      return list.length === 0 ? [eai['ENOTFOUND']] : [null, inOrder(list, sorting)];
    }, ({ code }) => [eai[code] ?? EAI_FAIL]);
  });
  wrap(native, 'getnameinfo', (own) => function (request, host, port) {
    return answered(request, () => Reflect.apply(own, this, [request, host, port]), async (etc, signal) => {
      const address = String(host);
      const name = hostNames(etc.hosts, address)[0] ?? (await reverse(address, etc, {}, signal).catch(() => []))[0];
      return [null, name ?? address, serviceName(Number(port))];
    }, ({ code }) => [eai[code] ?? EAI_FAIL]);
  });
  const channel = prototypeOf('cares_wrap', 'ChannelWrap');
  for (const [method, resolve] of resolvers) {
    if (!Reflect.has(channel, method)) continue;
    wrap(channel, method, (own) => function (request, name, ...rest) {
      const mine = channelOf(this);
      return answered(request, () => Reflect.apply(own, this, [request, name, ...rest]), async (etc, signal) => {
        const [result, ttls] = await resolve(String(name), etc, mine.told, mine.until(signal));
        return [null, result, ttls];
      }, ({ code }) => [code]);
    });
  }
  wrap(channel, 'setServers', (own) => function (...args) {
    const failed = Reflect.apply(own, this, args);
    if (failed === 0) channelOf(this).serve(args[0]);
    return failed;
  });
  wrap(channel, 'setLocalAddress', (own) => function (...args) {
    channelOf(this).from(...args);
    return Reflect.apply(own, this, args);
  });
  wrap(channel, 'getServers', (own) => function (...args) {
    const stand = standing();
    const etc = stand?.threads.etcOf(stand.td);
    return etc === undefined ? Reflect.apply(own, this, args) : channelOf(this).list(etc);
  });
  wrap(channel, 'cancel', (own) => function (...args) {
    channelOf(this).cancel();
    return Reflect.apply(own, this, args);
  });
  wrapPromises();
  wrapResolvers();
}

/** What a resolver is told when it is made its native channel keeps for itself. */
function wrapResolvers(): void {
  const dns: typeof Dns = process.getBuiltinModule('node:dns');
  for (const module of [dns, dns.promises]) {
    Reflect.set(module, 'Resolver', new Proxy(module.Resolver, {
      construct: (target, args: [Dns.ResolverOptions?], made) => {
        const resolver: object = Reflect.construct(target, args, made);
        const handle: unknown = Reflect.get(resolver, '_handle');
        if (typeof handle === 'object' && handle !== null) channelOf(handle).limit(args[0]?.timeout, args[0]?.tries);
        return resolver;
      },
    }));
  }
}

/** The promises of node:dns call what they took out of the native module when they were loaded: they are made of the callbacks instead. */
function wrapPromises(): void {
  const dns: typeof Dns = process.getBuiltinModule('node:dns');
  const made = { lookup: promisify(dns.lookup), lookupService: promisify(dns.lookupService) };
  for (const [method, callback] of Object.entries(made)) {
    wrap(dns.promises, method, (own) => function (...args) {
      return Reflect.apply(standing() === undefined ? own : callback, this, args);
    });
  }
}

/**
 * Answers a native request, where there is an image to answer it in, else calls `native`. As long as it is not answered it keeps the
 * proc, as an open handle does. A negative errno: there will be no answer.
 */
function answered(
  request: unknown, native: () => unknown, answer: (etc: Etc, signal: AbortSignal) => Promise<readonly unknown[]>,
  failed: (error: DnsError) => readonly unknown[],
): unknown {
  const stand = standing();
  if (stand === undefined || typeof request !== 'object' || request === null) return native();
  try {
    const etc = stand.threads.etcOf(stand.td);
    if (etc === undefined) return native();
    const { proc } = stand.td;
    proc.hold();
    const say: Answer = (...words) => {
      const complete: unknown = Reflect.get(request, 'oncomplete');
      try {
        if (typeof complete === 'function') Reflect.apply(complete, request, words);
      } finally {
        afterTurn(() => { proc.release(); });
      }
    };
    void answer(etc, stand.threads.untilGone(stand.td)).then(
      (words) => { process.nextTick(say, ...words); },
      (error: unknown) => {
        const known = error instanceof DnsError ? error : error instanceof VimageError ? new DnsError('ECANCELLED') : undefined;
        process.nextTick(() => {
          if (known !== undefined) say(...failed(known));
          else throw error;
        });
      },
    );
    return 0;
  } catch (error) {
    return refused(error);
  }
}

/** Node 20 may say `verbatim` as a boolean. */
function inOrder(list: readonly string[], sorting: unknown): readonly string[] {
  const family = (address: string): number => (net.isIPv4(address) ? 4 : 6);
  if (sorting === order.ipv4first || sorting === false) return [...list].sort((a, b) => family(a) - family(b));
  if (sorting === order.ipv6first) return [...list].sort((a, b) => family(b) - family(a));
  return list;
}
