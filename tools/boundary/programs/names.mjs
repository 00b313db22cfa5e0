// Names are those of the image: its hosts, its servers, over its own network. What comes of them is what Node makes of the same answers outside.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { lookup as lookupNow } from 'node:dns/promises';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import packets from 'dns-packet';
import { code, lab } from './lab.mjs';

const big = Array.from({ length: 60 }, (_, i) => ({ type: 'A', name: 'big.test', ttl: 5, data: `10.9.0.${i + 1}` }));
const zone = (own) => ({
  'A web.test': [{ data: own, ttl: 60 }],
  'A alias.test': [{ type: 'CNAME', name: 'alias.test', data: 'web.test', ttl: 60 }, { type: 'A', name: 'web.test', data: own, ttl: 30 }],
  'A host.corp.test': [{ data: '10.1.1.1' }],
  'A both.test': [{ data: '127.0.0.9' }], 'AAAA both.test': [{ data: '::1' }],
  'AAAA six.test': [{ data: '2001:db8::1', ttl: 9 }],
  'A big.test': big,
  'CNAME alias.test': [{ data: 'web.test' }],
  'NS test': [{ data: 'ns1.test' }, { data: 'ns2.test' }],
  'PTR 1.0.0.127.in-addr.arpa': [{ data: 'one.test' }],
  'MX test': [{ data: { preference: 10, exchange: 'mail.test' } }, { data: { preference: 20, exchange: 'spare.test' } }],
  'TXT test': [{ data: ['one', 'two'] }, { data: ['three'] }],
  'SRV _http._tcp.test': [{ data: { priority: 1, weight: 2, port: 80, target: 'web.test' } }],
  'NAPTR test': [{ data: { order: 1, preference: 2, flags: 'u', services: 'E2U+sip', regexp: '!^.*$!sip:x@test!', replacement: '.' } }],
  'SOA test': [{ data: { mname: 'ns1.test', rname: 'admin.test', serial: 7, refresh: 1, retry: 2, expire: 3, minimum: 4 } }],
  'CAA test': [{ data: { flags: 0, tag: 'issue', value: 'ca.test', issuerCritical: false } }],
  'TLSA _443._tcp.test': [{ data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('0011aabb', 'hex') } }],
});

/** A server of names; what it was asked. */
async function server(own, address, port = 53) {
  const asked = [];
  const answer = (bytes, most, asker) => {
    const { id, questions: [question] } = packets.decode(bytes);
    const { name, type } = question;
    asked.push(`${type} ${name}`);
    if (name === 'silent.test') return undefined;
    if (name === 'whoami.test') return packets.encode({ id, type: 'response', flags: 0x180, questions: [question], answers: [{ type, name, ttl: 1, data: asker }] });
    const answers = (zone(own)[`${type} ${name}`] ?? []).map((each) => ({ type, name, ttl: 60, ...each }));
    const known = Object.keys(zone(own)).some((key) => key.endsWith(` ${name}`));
    const rcode = { 'refused.test': 5, 'failing.test': 2 }[name] ?? (known ? 0 : 3);
    const whole = packets.encode({ id, type: 'response', flags: 0x180 | rcode, questions: [question], answers });
    return whole.length <= most ? whole : packets.encode({ id, type: 'response', flags: 0x180 | packets.TRUNCATED_RESPONSE, questions: [question] });
  };
  const udp = dgram.createSocket('udp4').on('message', (bytes, from) => {
    const said = answer(bytes, 512, from.address);
    if (said !== undefined) udp.send(said, from.port, from.address);
  });
  await new Promise((resolve) => udp.bind(port, address, resolve));
  const tcp = net.createServer((socket) => socket.on('data', (bytes) => {
    const said = answer(bytes.subarray(2), 65535, socket.remoteAddress);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(said.length);
    socket.end(Buffer.concat([size, said]));
  }));
  await new Promise((resolve) => tcp.listen(port, address, resolve));
  return { asked, close: () => { udp.close(); tcp.close(); } };
}

await lab(async (at) => {
  const make = (name) => at.image('vir', 'net', 'dns', '127.0.0.53,127.0.0.54', 'dns.search', 'corp.test', 'hosts', `db=127.0.0.${name}`);
  const [a, b] = [await make(7), await make(8)];
  const servers = { a: await a.effective(() => server('127.0.0.2', '127.0.0.54')), b: await b.effective(() => server('127.0.0.3', '127.0.0.54')), host: await server('127.0.0.4', '127.0.0.1', 5353) };
  const lookup = (name, options = {}) => new Promise((resolve, reject) => { dns.lookup(name, options, (error, ...rest) => (error ? reject(error) : resolve(rest))); });

  // hosts, then the servers; the first of those is not there.
  assert.deepEqual(await a.effective(() => lookup('db')), ['127.0.0.7', 4]);
  assert.deepEqual(await b.effective(() => lookup('db')), ['127.0.0.8', 4]);
  assert.deepEqual(await a.effective(() => lookup('web.test')), ['127.0.0.2', 4]);
  assert.deepEqual(await b.effective(() => lookup('web.test', { all: true })), [[{ address: '127.0.0.3', family: 4 }]]);
  assert.deepEqual(await b.effective(() => dns.promises.lookup('alias.test')), { address: '127.0.0.3', family: 4 });
  assert.deepEqual(await b.effective(() => lookupNow('alias.test', { all: true })), [{ address: '127.0.0.3', family: 4 }]);
  assert.deepEqual(await a.effective(() => lookup('host')), ['10.1.1.1', 4]);
  assert.equal((await a.effective(() => lookup('big.test', { all: true })))[0].length, 60);
  assert.deepEqual(await a.effective(() => lookup('both.test', { all: true, order: 'ipv4first' })), [[{ address: '127.0.0.9', family: 4 }, { address: '::1', family: 6 }]]);
  assert.deepEqual(await a.effective(() => lookup('both.test', { all: true, order: 'ipv6first' })), [[{ address: '::1', family: 6 }, { address: '127.0.0.9', family: 4 }]]);
  assert.deepEqual(await a.effective(() => lookup('both.test', { family: 6 })), ['::1', 6]);
  assert.deepEqual(await a.effective(() => lookup('web.test', { family: 6, hints: dns.V4MAPPED })), ['::ffff:127.0.0.2', 6]);
  assert.deepEqual(await a.effective(() => lookup('sub.localhost', { family: 4 })), ['127.0.0.1', 4]);
  assert.deepEqual(await a.effective(() => lookup('10.2.3.4')), ['10.2.3.4', 4]);
  assert.deepEqual(await a.effective(() => new Promise((resolve) => { dns.lookupService('127.0.0.1', 80, (...answer) => resolve(answer)); })), [null, 'localhost', 'http']);
  assert.deepEqual(servers.host.asked, []);

  // Errors as Node makes them.
  const shape = (error) => ({ ...error, message: error.message, name: error.name });
  const thrown = (fn) => fn().then(() => assert.fail('no error'), shape);
  assert.deepEqual(await a.effective(() => thrown(() => lookup('nobody.test'))), { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'nobody.test', message: 'getaddrinfo ENOTFOUND nobody.test', name: 'Error' });
  assert.equal(await a.effective(() => code(() => lookup('failing.test'))), 'EAI_AGAIN');
  assert.equal(await a.effective(() => code(() => lookup('nobody.test', { family: 5 }))), 'ERR_INVALID_ARG_VALUE');

  // Not awaited, by those that resolve on the way.
  const web = await a.effective(() => new Promise((resolve) => { const its = http.createServer((_, response) => response.end('web of a')).listen(80, 'web.test', () => resolve(its)); }));
  const socket = a.effective(() => net.connect(80, 'web.test'));
  await once(socket, 'connect');
  socket.destroy();
  assert.equal(await a.effective(async () => (await fetch('http://web.test/')).text()), 'web of a');
  assert.equal(await code(() => b.effective(async () => { try { await fetch('http://web.test/'); } catch (error) { throw error.cause; } })), 'ECONNREFUSED');

  // The resolvers, beside Node's own outside of any image.
  const outside = new dns.promises.Resolver();
  outside.setServers(['127.0.0.1:5353']);
  const inside = () => { const resolver = new dns.promises.Resolver(); return resolver; };
  const calls = [
    ['resolve4', 'alias.test', { ttl: true }], ['resolve6', 'six.test'], ['resolve6', 'six.test', { ttl: true }], ['resolveCname', 'alias.test'], ['resolveNs', 'test'], ['resolvePtr', '1.0.0.127.in-addr.arpa'],
    ['resolveMx', 'test'], ['resolveTxt', 'test'], ['resolveSrv', '_http._tcp.test'], ['resolveNaptr', 'test'], ['resolveSoa', 'test'], ['resolveCaa', 'test'],
    ...(outside.resolveTlsa === undefined ? [] : [['resolveTlsa', '_443._tcp.test']]),
    ['resolve4', 'big.test'], ['resolve4', 'nobody.test'], ['resolveMx', 'web.test'], ['resolve4', 'refused.test'], ['resolve4', 'failing.test'],
  ];
  for (const [method, ...args] of calls) {
    const run = (resolver) => resolver[method](...args).catch(shape);
    const text = (value) => JSON.stringify(value, (_, each) => (each instanceof ArrayBuffer ? Buffer.from(each).toString('hex') : each)).replaceAll('127.0.0.4', '127.0.0.2');
    assert.equal(text(await a.effective(() => run(inside()))), text(await run(outside)), `${method} ${args[0]}`);
  }
  assert.deepEqual(await a.effective(() => inside().resolveTxt('test')), [['one', 'two'], ['three']]);
  assert.deepEqual(await a.effective(() => dns.promises.reverse('127.0.0.7')), ['db']);
  assert.deepEqual(await a.effective(() => dns.promises.resolve4('web.test')), ['127.0.0.2']);
  assert.deepEqual(await a.effective(() => dns.getServers()), ['127.0.0.53', '127.0.0.54']);
  assert.deepEqual(await a.effective(async () => {
    const resolver = new dns.Resolver();
    resolver.setServers(['127.0.0.54']);
    const failed = new Promise((resolve) => { resolver.resolve4('silent.test', (error) => resolve(error.code)); });
    setTimeout(() => resolver.cancel(), 30);
    return [resolver.getServers(), await failed];
  }), [['127.0.0.54'], 'ECANCELLED']);
  // What a resolver was told: how long, how often, from where.
  for (const { Resolver } of [dns, dns.promises]) {
    const asked = (resolver, name) => (Resolver === dns.Resolver
      ? new Promise((resolve, reject) => { resolver.resolve4(name, (error, list) => { if (error) reject(error); else resolve(list); }); }) : resolver.resolve4(name));
    const [before, begun] = [servers.a.asked.length, Date.now()];
    assert.equal(await a.effective(() => {
      const resolver = new Resolver({ timeout: 60, tries: 3 });
      assert.ok(resolver instanceof Resolver);
      resolver.setServers(['127.0.0.54']);
      return code(() => asked(resolver, 'silent.test'));
    }), 'ETIMEOUT');
    assert.ok(Date.now() - begun < 2000);
    assert.equal(servers.a.asked.length - before, 3);
    assert.deepEqual(await a.effective(() => {
      const resolver = new Resolver();
      resolver.setServers(['127.0.0.54']);
      resolver.setLocalAddress('127.0.0.77');
      return asked(resolver, 'whoami.test');
    }), ['127.0.0.77']);
  }
  assert.equal(await a.effective({ only: [] }, async () => (await outside.resolve4('web.test'))[0]), '127.0.0.4');

  // What is asked when the image goes.
  const asking = a.effective(() => code(() => dns.promises.resolve4('silent.test')));
  const looking = a.effective(() => code(() => lookup('silent.test')));
  await new Promise((resolve) => { setTimeout(resolve, 30); });
  await a.destroy();
  assert.deepEqual([await asking, await looking], ['ECANCELLED', 'EAI_CANCELED']);
  for (const each of [servers.b, servers.host]) each.close();
  web.close();
});
