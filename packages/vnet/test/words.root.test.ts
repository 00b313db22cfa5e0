import { expect, test } from 'vitest';
import { create } from '@vimage/linux';
import { NetlinkError, type LinkSpec } from '@vimage/netlink';
import { Stack } from '../src/index.ts';
import { refused } from '../src/words.ts';

/** What the kernel says of a kind of link that it does not have: of the kinds made here, this one has all. */
function refusalOf(spec: LinkSpec): unknown {
  const stack = new Stack(create('net'));
  try {
    stack.nl.linkAdd(spec);
  } catch (error) {
    return error;
  } finally {
    stack.close();
  }
  return undefined;
}

test('a kind that the kernel lacks names the option', ({ skip }) => {
  const error = refusalOf({ kind: 'dummy', name: 'd0' });
  if (error === undefined) skip('this kernel has the kind that stands for a missing one');
  expect(error).toBeInstanceOf(NetlinkError);
  expect(refused(error, { param: 'veth', subject: 'eth0=parent', kind: 'veth' })).toMatchObject({
    code: 'EOPNOTSUPP', subject: 'eth0=parent', hint: expect.stringContaining('CONFIG_VETH') as unknown,
  });
});

test('the kernel’s own text is kept', () => {
  const stack = new Stack(create('net'));
  try {
    stack.nl.linkSet('lo', { up: true });
    stack.nl.routeAdd({ dst: 'default', gateway: '10.9.9.1' });
    expect.unreachable();
  } catch (error) {
    const { message, code, hint } = refused(error, { param: 'route', subject: 'default=10.9.9.1' });
    expect(code).toBe('ENETUNREACH');
    expect(message).toMatch(/^route default=10\.9\.9\.1: the network is unreachable \(ENETUNREACH: .+\)$/);
    expect(hint).toMatch(/GATEWAY%INTERFACE/);
  } finally {
    stack.close();
  }
});
