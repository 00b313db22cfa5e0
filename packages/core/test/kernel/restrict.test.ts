import { describe, expect, it } from 'vitest';
import { askedIn } from '../../src/kernel/restrict.ts';
import { imageParams } from '../../src/pairs/tables.ts';
import { param } from '../../src/param/param.ts';
import { intType } from '../../src/param/basic.ts';

describe('what pairs restrict', () => {
  it('is printed only for who is to read it', () => {
    const printed: number[] = [];
    const type = intType({ min: 0, max: 9 });
    const counted = {
      ...type,
      print: (value: number) => {
        printed.push(value);
        return type.print(value);
      },
    };
    const level = param(counted, { access: 'rw', describe: 'a limit', example: '5', order: 'min' });
    const asked = askedIn({ image: imageParams, components: new Map([['toy', { level }]]) }, [['name', 'a'], ['vir', 'toy'], ['level', '5']]);
    expect(asked).toMatchObject([{ component: 'toy', key: 'level', restriction: { order: 'min', value: 5 } }]);
    expect(printed).toEqual([]);
    expect(asked[0]?.text).toBe('5');
    expect(printed).toEqual([5]);
  });
});
