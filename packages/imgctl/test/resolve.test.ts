import { describe, expect, it } from 'vitest';
import { imageParams, param, listParam, type, type Pairs, type Tables } from '@vimage/core';
import { resolveHosts } from '../src/resolve.ts';

const rw = { access: 'rw', describe: 'x' } as const;
const tables: Tables = {
  image: imageParams,
  components: new Map([['x', {
    at: param(type.address(), { ...rw, example: '10.0.0.1' }),
    in: listParam(type.map(type.ifname(), type.cidr()), { ...rw, example: 'a=10.0.0.1/8' }),
    via: listParam(type.map(type.or(type.enum(['default']), type.network()), type.or(type.address(), type.enum(['blackhole']))), { ...rw, example: 'default=10.0.0.1' }),
    text: param(type.string(), { ...rw, example: 'host.example' }),
    share: param(type.image(), { ...rw, example: 'web' }),
  }]]),
};

const book: Readonly<Record<string, readonly string[]>> = {
  'one.example': ['10.9.8.7'],
  'two.example': ['10.9.8.7', '2001:db8::7'],
  'twice.example': ['10.9.8.7', '10.9.8.7'],
};
const asked: string[] = [];
const resolver = async (host: string): Promise<readonly string[]> => {
  asked.push(host);
  const addresses = book[host];
  if (addresses === undefined) throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  return addresses;
};

const run = async (...pairs: readonly (readonly [string, string])[]): Promise<Pairs> => (await resolveHosts([['name', 'w'], ['vir', 'x'], ...pairs], tables, resolver)).slice(2);

describe('host names', () => {
  it.each([
    ['at', 'one.example', '10.9.8.7'],
    ['at', 'twice.example', '10.9.8.7'],
    ['in', 'a=one.example/24', 'a=10.9.8.7/24'],
    ['in', 'a=10.0.0.1/8,b=one.example/24', 'a=10.0.0.1/8,b=10.9.8.7/24'],
    ['via', 'default=one.example', 'default=10.9.8.7'],
  ])('%s %s becomes %s', async (key, value, resolved) => {
    expect(await run([key, value])).toEqual([[key, resolved]]);
  });

  it('leaves numbers, words and other types alone, and asks nobody about them', async () => {
    asked.length = 0;
    const pairs: Pairs = [['at', '2001:db8::1'], ['in', 'a=10.0.0.1/8'], ['via', 'default=blackhole'], ['text', 'one.example'], ['share', 'one.example'], ['at', 'not a host!'], ['unknown', 'one.example']];
    expect(await run(...pairs)).toEqual(pairs);
    expect(asked).toEqual([]);
  });

  it('says both addresses when there are two', async () => {
    await expect(run(['at', 'two.example'])).rejects.toMatchObject({ code: 'EINVAL', subject: 'two.example', place: { pair: 2 }, message: expect.stringContaining('10.9.8.7, 2001:db8::7') });
  });

  it('says which host is not known', async () => {
    await expect(run(['at', 'none.example'])).rejects.toMatchObject({ code: 'EADDRNOTAVAIL', subject: 'none.example' });
  });
});
