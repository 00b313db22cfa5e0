import { VimageError, listParam, param, type, type IntParam, type ListParam, type MapItem, type MapParam, type OneParam, type ParamType } from '@vimage/core';
import { accountType, userType, type UserNamed } from './names.ts';

/** Ids outside: the first of them, and how many. */
export interface Outside {
  readonly first: number;
  readonly count: number;
}

const expected = 'a number, or FIRST:COUNT';

const outside: ParamType<Outside> = {
  kind: 'id',
  expected,
  schema: { type: 'string', pattern: '^[0-9]+(:[0-9]+)?$' },
  parse(text) {
    const [, first = '', count = '1'] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
    if (first === '' || Number(count) === 0) throw new VimageError('EINVAL', `expected ${expected}, not "${text}"`);
    return { first: Number(first), count: Number(count) };
  },
  print: ({ first, count }) => (count === 1 ? String(first) : `${first}:${count}`),
  is: (value): value is Outside => typeof value === 'object' && value !== null && 'first' in value && 'count' in value,
};

const inside: ParamType<number> = type.int({ min: 0, max: 0xffff_fffe });

/** Parameters of `vir user`. */
export const vuserParams: {
  readonly uid: ListParam<MapItem<number, Outside>>;
  readonly gid: ListParam<MapItem<number, Outside>>;
  readonly range: IntParam;
  readonly setgroups: OneParam<'allow' | 'deny'>;
  readonly names: MapParam<string, UserNamed>;
  readonly groups: MapParam<string, number>;
} = {
  uid: listParam(type.map(inside, outside), {
    access: 'create',
    describe: 'users inside and who they are outside, FIRST=FIRST or FIRST=FIRST:COUNT',
    example: '0=100000:65536',
  }),
  gid: listParam(type.map(inside, outside), { access: 'create', describe: 'the same of groups; as the users unless given', example: '0=100000:65536' }),
  range: param(type.int({ min: 1, max: 1 << 28, unit: 'ids' }), {
    access: 'create',
    describe: 'without uid: how many numbers of nobody else are taken for it, from 0 on',
    example: '65536',
    default: '65536',
  }),
  setgroups: param(type.enum(['allow', 'deny']), {
    access: 'create',
    describe: 'whether groups can be given up inside; deny where a group is what keeps someone out',
    example: 'deny',
    default: 'allow',
  }),
  names: listParam(type.map(accountType(), userType()), {
    access: 'create',
    describe: 'users by name, for the image’s /etc/passwd, beside root and nobody',
    example: 'ann=1000:1000:/home/ann:/bin/sh',
  }),
  groups: listParam(type.map(accountType(), inside), { access: 'create', describe: 'groups by name, for its /etc/group', example: 'staff=50' }),
};
