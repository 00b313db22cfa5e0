import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`a pin that was unmounted by hand${needRoot.note}`, () => {
  let maker: Lab;
  let at: Lab;
  beforeEach(async () => {
    maker = await lab();
    await maker.create('lab', 'children.max', '3', 'persist', 'true', 'vir', 'net', 'vir', 'proc');
    await maker.create('lab.web', 'persist', 'true', 'vir', 'net', 'veth', 'eth0=parent:w0', 'vir', 'proc');
    await maker.create('peer', 'persist', 'true', 'vir', 'net', 'share', 'lab', 'vir', 'proc', 'share', 'lab');
    at = await lab();
  });
  afterEach(async () => {
    await at.close();
    await maker.close();
  });

  const clear = { code: 'ESTALE', subject: 'lab', message: expect.stringContaining('its pin was unmounted'), hint: expect.stringMatching(/imgctl destroy lab, then create it again$/) };

  test.each(['net', 'pid', 'view'])('of %s: said, with what to do; and what was made of it, in it and with it can be destroyed', async (pin) => {
    await at.start('lab.web', 'echo up; exec sleep 740');
    (await at.substrate.pinner()).unpin((await at.kernel.lookup('lab')).serial, pin);
    const ran = pin === 'view' ? at.view('lab', 'echo', 'ran') : at.run('lab', 'echo', 'ran');
    expect(ran).toMatchObject({ status: 125, out: '', err: expect.stringMatching(/^imgexec: ESTALE: .*imgctl destroy lab, then create it again\n$/) });
    expect(await refusal(at.create('lab.more', 'vir', pin === 'net' ? 'net' : 'proc'))).toMatchObject(clear);
    expect(await refusal(at.create('other', 'vir', pin === 'net' ? 'net' : 'proc', 'share', 'lab'))).toMatchObject(clear);
    expect(await refusal(at.kernel.set('lab', pin === 'net' ? ['vir', 'net', 'sysctl', 'net.ipv4.ip_forward=1'] : ['vir', 'proc', 'max', '9']))).toMatchObject(clear);
    expect((await at.kernel.processes('lab.web')).map(({ command }) => command)).toEqual(['sleep 740']);

    const report = await at.kernel.destroy('lab', { grace: 0 });
    expect(report).toMatchObject({ removed: ['lab.web', 'lab'], dying: ['lab'] });
    expect(report.notes.join('\n')).toContain('its pin was unmounted');
    expect(await at.kernel.destroy('peer')).toMatchObject({ removed: ['peer'], dying: [] });
    expect(await at.kernel.list({ dying: true })).toEqual([]);
    expect((await at.substrate.pinner()).list()).toEqual([]);
  });
});
