import { VimageError, type, type MapItem, type ParamType } from '@vimage/core';

/** A user of the image, as a line of passwd(5) has him. */
export interface UserNamed {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

const id = type.int({ min: 0, max: 0xffff_fffe });
const path = type.path();
const expected = 'UID, UID:GID, UID:GID:HOME or UID:GID:HOME:SHELL';

/** What stands behind a user's name. The group has the user's number, the home is /, the shell /bin/sh, unless said. EINVAL. */
export function userType(): ParamType<UserNamed> {
  return {
    kind: 'uid[:gid[:home[:shell]]]',
    expected,
    schema: { type: 'string', pattern: '^[0-9]+(:[0-9]+(:/[^:]*(:/[^:]*)?)?)?$' },
    parse(text) {
      const [uid = '', gid = uid, home = '/', shell = '/bin/sh', ...more] = text.split(':');
      if (more.length > 0) throw new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text)}`);
      return { uid: id.parse(uid), gid: id.parse(gid), home: path.parse(home), shell: path.parse(shell) };
    },
    print: ({ uid, gid, home, shell }) => [uid, gid, home, shell].join(':'),
    is: (value): value is UserNamed => typeof value === 'object' && value !== null && 'uid' in value && 'home' in value,
  };
}

const account = '^[a-z_][a-z0-9_-]{0,31}$';

/** The name of a user or group, as useradd(8) takes it. EINVAL. */
export function accountType(): ParamType<string> {
  const wanted = 'a name of small letters, digits, "_" and "-", 32 at most';
  return {
    kind: 'account',
    expected: wanted,
    schema: { type: 'string', pattern: account },
    parse(text) {
      if (new RegExp(account).test(text)) return text;
      throw new VimageError('EINVAL', `expected ${wanted}, not ${JSON.stringify(text)}`);
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}

type Users = readonly MapItem<string, UserNamed>[];
type Groups = readonly MapItem<string, number>[];

/** passwd(5) and group(5) of an image with these users and groups: root, them, and nobody. */
export function accountFiles(users: Users, groups: Groups): { readonly passwd: string; readonly group: string } {
  const named = new Set(users.map(({ key }) => key));
  const line = (name: string, uid: number, gid: number, home: string, shell: string): string => `${name}:x:${uid}:${gid}::${home}:${shell}\n`;
  const passwd = [
    ...(named.has('root') ? [] : [line('root', 0, 0, '/root', '/bin/sh')]),
    ...users.map(({ key, value: { uid, gid, home, shell } }) => line(key, uid, gid, home, shell)),
    ...(named.has('nobody') ? [] : [line('nobody', 65534, 65534, '/', '/usr/sbin/nologin')]),
  ];
  const own = new Map<string, number>([['root', 0], ...groups.map(({ key, value }): [string, number] => [key, value])]);
  const numbers = new Set(own.values());
  for (const { key, value: { gid } } of users) {
    if (numbers.has(gid) || own.has(key)) continue;
    own.set(key, gid);
    numbers.add(gid);
  }
  if (!numbers.has(65534)) own.set('nogroup', 65534);
  return { passwd: passwd.join(''), group: [...own].map(([name, gid]) => `${name}:x:${gid}:\n`).join('') };
}
