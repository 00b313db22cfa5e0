import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHosts, parseResolv } from '../src/boundary/dns/files.ts';
import { candidates } from '../src/boundary/dns/lookup.ts';
import { reversed } from '../src/boundary/dns/resolve.ts';

test('resolv.conf: what is known of it, and nothing else', () => {
  expect(parseResolv('# a\nnameserver 10.0.0.1\nnameserver fe80::1%eth0 ; b\nnameserver nonsense\nsearch a.test b.test.\noptions ndots:2 timeout:0 attempts:9 rotate\n')).toEqual({
    servers: ['10.0.0.1', 'fe80::1%eth0'], search: ['a.test', 'b.test'], ndots: 2, timeout: 1000, attempts: 5, rotate: true,
  });
  expect(parseResolv('')).toEqual({ servers: ['127.0.0.1'], search: [], ndots: 1, timeout: 5000, attempts: 2, rotate: false });
});

test('whatever is in the files, they are read', () => {
  const line = fc.oneof(fc.string(), fc.constantFrom('nameserver ', 'options ndots:', 'search ', '127.0.0.1 ', '::1\t', '# ').chain((word) => fc.string().map((rest) => word + rest)));
  fc.assert(fc.property(fc.array(line), (lines) => {
    const { servers, ndots, timeout, attempts } = parseResolv(lines.join('\n'));
    expect(servers.length >= 1 && servers.length <= 3 && ndots >= 0 && ndots <= 15 && timeout >= 1000 && attempts >= 1).toBe(true);
    for (const { names } of parseHosts(lines.join('\n'))) expect(names.length).toBeGreaterThan(0);
  }));
});

test('the names that are asked for, in order', () => {
  const conf = { search: ['a.test', 'b.test'], ndots: 2 };
  expect(candidates('x', conf)).toEqual(['x.a.test', 'x.b.test', 'x']);
  expect(candidates('x.y.z', conf)).toEqual(['x.y.z', 'x.y.z.a.test', 'x.y.z.b.test']);
  expect(candidates('x.', conf)).toEqual(['x']);
});

test('an address backwards', () => {
  expect(reversed('192.0.2.7')).toBe('7.2.0.192.in-addr.arpa');
  expect(reversed('2001:db8::1')).toBe('1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa');
  fc.assert(fc.property(fc.ipV6(), (address) => { expect(reversed(address)).toMatch(/^(?:[0-9a-f]\.){32}ip6\.arpa$/); }));
});
