import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { onCall } from '@vimage/linux/door';
import { needRoot } from '../../linux/test/rights.ts';
import { limitOn, noLimit } from './limits.ts';
import { Program } from './program.ts';
import { lab, memberPid, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing || noLimit !== undefined)(`max${needRoot.note}${noLimit === undefined ? '' : ` (skipped: ${noLimit})`}`, () => {
  let at: Lab;
  let crowd: Program;
  beforeAll(() => {
    crowd = new Program('crowd');
  });
  afterAll(() => crowd[Symbol.dispose]());
  beforeEach(async () => {
    at = await lab();
  });
  afterEach(async () => {
    onCall(undefined);
    await at.close();
  });

  /** As many processes or threads as can be had, beside the one that makes them; they stay. */
  const fill = async (name: string, kind: 'fork' | 'thread', n: number): Promise<string> => at.script(name, `exec ${crowd.path} ${kind} ${n}`).says();

  test.each(['fork', 'thread'] as const)('more is EAGAIN inside: %s', async (kind) => {
    await at.create('web', 'vir', 'proc', 'max', '6');
    expect(await fill('web', kind, 20)).toBe('5 EAGAIN');
    await at.kernel.destroy('web', { grace: 0 });
    await at.create('web', 'vir', 'proc', 'max', '30');
    expect(await fill('web', kind, 20)).toBe('20 all');
  });

  test('what enters counts too, and is refused where there is no room', async () => {
    await at.create('web', 'vir', 'proc', 'max', '4');
    expect(await fill('web', 'fork', 3)).toBe('3 all');
    const refused = at.run('web', 'echo', 'ran');
    expect(refused).toMatchObject({ status: 125, out: '' });
    expect(refused.err).toMatch(/^imgexec: EAGAIN: .*web.* as many processes as it may/);
    expect((await at.kernel.processes('web')).length).toBe(4);
  });

  test('is changed while programs run: less stops new ones, more lets them', async () => {
    await at.create('web', 'vir', 'proc', 'max', '10');
    expect(await fill('web', 'fork', 5)).toBe('5 all');
    await at.kernel.set('web', ['vir', 'proc', 'max', '6']);
    expect((await at.kernel.processes('web')).length).toBe(6);
    expect(at.run('web', 'true').status).toBe(125);
    await at.kernel.set('web', ['vir', 'proc', 'max', '12']);
    expect(await fill('web', 'fork', 20)).toBe('5 EAGAIN');
    expect(await at.kernel.get('web')).toContainEqual(['max', '12']);
  });

  test('is set where there was none, also for what runs already', async () => {
    await at.create('web', 'vir', 'proc');
    const child = await at.start('web', `echo up; read go; exec ${crowd.path} fork 20`);
    await at.kernel.set('web', ['vir', 'proc', 'max', '3']);
    expect(limitOn(await memberPid(at.kernel, 'web', 'sh'))).toBe('3');
    child.tell('go');
    expect(await child.says()).toBe('2 EAGAIN');
  });

  test('holds for the images inside, whichever was there first', async () => {
    await at.create('lab', 'children.max', '3', 'vir', 'proc', 'max', '5');
    await at.create('lab.a', 'vir', 'proc');
    await at.create('lab.b');
    expect(await fill('lab.a', 'fork', 20)).toBe('4 EAGAIN');
    expect(at.run('lab.b', 'true').status).toBe(125);
    await at.kernel.set('lab', ['vir', 'proc', 'max', '8']);
    expect(await fill('lab.b', 'fork', 20)).toBe('2 EAGAIN');
  });
});
