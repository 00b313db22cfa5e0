import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failEachAct } from '@vimage/testing';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, tools, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`a change of what is seen${needRoot.note}`, () => {
  let at: Lab;
  beforeEach(async () => { at = await lab(); });
  afterEach(() => at.close());

  test('is so for who enters next, or not made, whichever act of it fails', async () => {
    at.files({ 'one/secret': '1', 'two/secret': '2' });
    const [verb = '', system = ''] = tools;
    const hiding = (name: string): readonly string[] => ['vir', 'fs', verb, `${system},${at.dir}`, 'mask', `${at.dir}/${name}`];
    await at.create('web', ...hiding('one'));
    const shown = (): string => at.sh('web', `cat ${at.dir}/*/secret`).out;
    const acts = await failEachAct(async (fails) => {
      // There is a view, made by the plan before.
      expect(shown()).toBe('2');
      const { act, outcome } = await fails(() => at.kernel.set('web', hiding('two')));
      const asked = (await at.kernel.get('web')).find(([key]) => key === 'mask')?.[1];
      expect(shown(), `act ${act}: ${outcome}`).toBe(asked === `${at.dir}/two` ? '1' : '2');
      await at.kernel.set('web', hiding('one'));
    });
    expect(acts).toBeGreaterThan(8);
  });
});
