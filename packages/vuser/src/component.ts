import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { VimageError, defineComponent, type CheckContext, type Component, type CreateContext, type EntryStep, type OnceContext, type OnceSteps, type Pair, type ParamValues } from '@vimage/core';
import { Users, joinStep, linuxOf, registryPin, registryPlaces, type LinuxSubstrate, type RootOutside } from '@vimage/linux';
import { freeRange, passing } from './allot.ts';
import { checkMap, checkWithin, isWhole, mapText, readMap, rootOf, type IdMap } from './map.ts';
import { accountFiles } from './names.ts';
import { vuserParams, type Outside } from './params.ts';
import { Vuser, accounts, rootOutside, savedMaps, savedPairs } from './vuser.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    user: { readonly instance: Vuser; readonly params: typeof vuserParams };
  }
}

type UserValues = ParamValues<typeof vuserParams>;
type Given = readonly { readonly key: number; readonly value: Outside }[];

const asMap = (given: Given): IdMap => given.map(({ key, value }) => ({ inside: key, outside: value.first, count: value.count }));

/** The `user` component: an image's own users and groups. */
export const vuser: Component<'user'> = defineComponent<'user'>({
  name: 'user',
  interface: 1,
  describe: 'users and groups of its own: root inside is nobody outside',
  params: vuserParams,

  root: (substrate) => {
    linuxOf(substrate);
    return new Vuser(undefined, undefined, readMap(readFileSync('/proc/self/uid_map', 'latin1')), readMap(readFileSync('/proc/self/gid_map', 'latin1')));
  },

  check: checkGiven,

  create: async (cx) => {
    const lx = linuxOf(cx.substrate);
    const { uid, gid } = mapsOf(cx, lx);
    checkWithin('uid', uid, cx.parent.uid);
    checkWithin('gid', gid, cx.parent.gid);
    const { serial } = cx.image;
    const maps = { uid: mapText(uid), gid: mapText(gid), setgroups: cx.values.setgroups !== 'deny' };
    cx.scope.defer(async () => (await lx.pinner()).unpin(serial, 'user'));
    const ns = await lx.usersCreate(cx.image, maps, cx.parent.ns);
    cx.scope.defer(() => ns.close());
    const { names, groups } = cx.values;
    const named = names !== undefined || groups !== undefined;
    const made = new Vuser(ns, serial, uid, gid, named);
    if (named) {
      const files = accountFiles(names ?? [], groups ?? []);
      for (const name of accounts) await cx.stage.file('user', name, files[name]);
    }
    return made;
  },

  save: savedPairs,

  restore: async (saved, cx) => {
    const { serial, name } = cx.image;
    const ns = await linuxOf(cx.substrate).openPin(serial, 'user', 'user');
    const { uid, gid } = savedMaps(saved);
    if (new Map(saved).get('ino') === String(ns.ino)) return new Vuser(ns, serial, uid, gid, new Map(saved).has('names'));
    ns.close();
    throw new VimageError('ESTALE', `the users of "${name}" are not those that it was made with`, { subject: name, hint: `imgctl destroy ${name}` });
  },

  forget: ({ ns }) => ns?.close(),

  once,

  entry: ({ serial, ns, uid, gid, places, root }, { delegated, image, home }) => {
    if (serial === undefined || ns === undefined) return [];
    const join = joinStep(serial, 'user', ns);
    const args = [...join.args, ...asWho('uid', uid), ...asWho('gid', gid)];
    // Who has the users of another image has not that one's registry.
    const owner = delegated && image.serial === serial ? root : undefined;
    const steps: EntryStep[] = [
      { ...join, args, mode: 'live' },
      { ...join, args, mode: 'effective', ask: true },
      ...places.map((to): EntryStep => ({ verb: 'cover', args: [['to', to], ['from', `${home}/user/${basename(to)}`], ['flags', 'ro']], mode: 'live' })),
      ...(owner === undefined ? [] : registrySteps(serial, owner)),
    ];
    return steps;
  },
});

/** The registry of those who will live in it, where they look for one. */
function registrySteps(serial: bigint, { uid, gid }: RootOutside): readonly EntryStep[] {
  return registryPlaces().map((to) => ({ verb: 'cover', args: [['to', to], ['pin', registryPin(serial)], ['uid', String(uid)], ['gid', String(gid)]], mode: 'live' }));
}

/** For one command: nobody else has these users, and no number of them stays anywhere. */
function once({ values, parent }: OnceContext<'user'>): OnceSteps | undefined {
  if (values.names !== undefined || values.groups !== undefined) return undefined;
  const { uid, gid } = givenMaps(values) ?? freeMaps(values, parent, () => passing(values.range ?? 65536));
  checkWithin('uid', uid, parent.uid);
  checkWithin('gid', gid, parent.gid);
  const args: Pair[] = [['type', 'user'], ['uids', mapText(uid)], ['gids', mapText(gid)], ...(values.setgroups === 'deny' ? [['data', 'deny'] satisfies Pair] : []), ...asWho('uid', uid), ...asWho('gid', gid)];
  return { steps: [{ verb: 'new', args }], instance: new Users(undefined, undefined, rootOutside(uid, gid)) };
}

/** Whoever enters is 0 inside, or the first there is. */
function asWho(key: 'uid' | 'gid', map: IdMap): readonly (readonly [string, string])[] {
  const root = rootOf(map);
  return root === undefined || root.inside === 0 ? [] : [[key, String(root.inside)]];
}

function checkGiven({ values }: CheckContext<'user'>): void {
  const { uid, gid, range } = values;
  if (range !== undefined && uid !== undefined) {
    throw new VimageError('EINVAL', 'range is for numbers that are found, and uid says which they are', { subject: 'range', hint: 'leave out one of them' });
  }
  if (uid === undefined && gid !== undefined) throw new VimageError('EINVAL', 'gid without uid: whose groups would that be?', { subject: 'gid', hint: 'give uid, too' });
  for (const [key, given] of [['uid', uid], ['gid', gid]] as const) {
    if (given === undefined) continue;
    if (given.length === 0) throw new VimageError('EINVAL', `${key}: an image without any would have no root`, { subject: key, hint: `leave ${key} out, and numbers are found` });
    checkMap(key, asMap(given));
  }
}

interface Maps {
  readonly uid: IdMap;
  readonly gid: IdMap;
}

function mapsOf({ values, parent }: CreateContext<'user'>, lx: LinuxSubstrate): Maps {
  return givenMaps(values) ?? freeMaps(values, parent, (range) => {
    const others = lx.savedBy('user').map(savedMaps);
    return freeRange(range, others.flatMap((maps) => [maps.uid, maps.gid]));
  });
}

function givenMaps({ uid, gid }: UserValues): Maps | undefined {
  return uid === undefined ? undefined : { uid: asMap(uid), gid: asMap(gid ?? uid) };
}

/** Numbers that are found, where all of the machine's are there; else those that there are. EOPNOTSUPP. */
function freeMaps(values: UserValues, parent: Vuser, find: (range: number) => number): Maps {
  const { range = 65536 } = values;
  if (!isWhole(parent.uid) || !isWhole(parent.gid)) {
    if (values.range === undefined) return { uid: same(parent.uid), gid: same(parent.gid) };
    throw new VimageError('EOPNOTSUPP', 'numbers are found only where all of the machine’s are there, which is not so where the image is made', {
      subject: 'range', hint: 'say which: uid 0=FIRST:COUNT, in numbers of the image around',
    });
  }
  const map = [{ inside: 0, outside: find(range), count: range }];
  return { uid: map, gid: map };
}

/** All that there is, by the same numbers. */
function same(map: IdMap): IdMap {
  return map.map(({ inside, count }) => ({ inside, outside: inside, count }));
}
