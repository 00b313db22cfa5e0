import { listParam, param, type, type FlagParam, type IntParam, type ListParam, type OneParam, type ParamValues, type StringParam } from '@vimage/core';
import { givenType, placeType, tmpfsType, type Given, type Tmpfs } from './params/given.ts';
import { rootType, type Root } from './params/root.ts';
import { overlayType, patternType, umaskType } from './params/words.ts';

/** Parameters of `vir fs`. */
export const vfsParams: {
  readonly root: OneParam<Root>;
  readonly overlay: StringParam;
  readonly 'overlay.size': IntParam;
  readonly bind: ListParam<Given>;
  readonly ro: ListParam<Given>;
  readonly tmpfs: ListParam<Tmpfs>;
  readonly mask: ListParam<string>;
  readonly deny: ListParam<string>;
  readonly dev: FlagParam;
  readonly proc: FlagParam;
  readonly sys: FlagParam;
  readonly cwd: StringParam;
  readonly umask: IntParam;
  readonly suid: FlagParam;
  readonly idmap: FlagParam;
  readonly enforce_statfs: IntParam;
} = {
  root: param(rootType(), {
    access: 'create',
    describe: 'what the image has as /: nothing, the host’s read-only, a directory, or an archive unpacked for it alone',
    example: 'tar:/srv/debian.tar.gz',
    default: 'empty',
  }),
  overlay: param(overlayType(), {
    access: 'create',
    describe: 'leave the root as it is: what is written is thrown away with the view, or kept in upper/ of that directory',
    example: 'throw-away',
  }),
  'overlay.size': param(type.size({ min: 65536 }), {
    access: 'rw',
    describe: 'most that a throw-away overlay holds',
    example: '256m',
  }),
  bind: listParam(givenType(), {
    access: 'rw',
    describe: 'files and directories of the host that the image has, to write too',
    example: '/project=/home/ann/project',
  }),
  ro: listParam(givenType(), {
    access: 'rw',
    describe: 'files and directories of the host that the image may only read',
    example: '/usr,/etc/ssl',
  }),
  tmpfs: listParam(tmpfsType(), {
    access: 'rw',
    describe: 'file systems in memory, with the most they hold',
    example: '/tmp=64m',
  }),
  mask: listParam(placeType(), {
    access: 'rw',
    describe: 'what is there is covered by nothing; what comes there later is not',
    example: '/etc/machine-id',
  }),
  deny: listParam(patternType(), {
    access: 'rw',
    describe: 'names that are not in the image, whatever is made there later; * ? [...] and ** as in a shell',
    example: '/home/ann/.ssh,/srv/**/*.pem',
  }),
  dev: param(type.flag(), {
    access: 'rw',
    describe: 'a /dev with null, zero, full, random, urandom, tty, shm and terminals of its own; true where there is a place for it',
    example: 'true',
  }),
  proc: param(type.flag(), {
    access: 'rw',
    describe: 'a /proc, where the image has no process table of its own',
    example: 'true',
    default: 'false',
  }),
  sys: param(type.flag(), {
    access: 'rw',
    describe: 'a read-only /sys, where the image has no network stack of its own',
    example: 'true',
    default: 'false',
  }),
  cwd: param(type.path(), {
    access: 'rw',
    describe: 'where commands start',
    example: '/project',
  }),
  umask: param(umaskType(), {
    access: 'rw',
    describe: 'file mode creation mask of commands',
    example: '027',
  }),
  suid: param(type.flag(), {
    access: 'rw',
    describe: 'set-user-ID programs and file capabilities of what was given work',
    example: 'false',
    default: 'false',
    order: 'and',
  }),
  idmap: param(type.flag(), {
    access: 'create',
    describe: 'what was given is owned as the image’s own users see it (idmapped mounts)',
    example: 'true',
    default: 'false',
  }),
  enforce_statfs: param(type.int({ min: 0, max: 2 }), {
    access: 'create',
    describe: 'which mounts the image is told of, as jail(8) has it; 1, those below its root, is what Linux does',
    example: '1',
    default: '1',
  }),
};

/** The type of {@link vfsParams}, for the component registry. */
export type VfsParams = typeof vfsParams;
export type VfsValues = ParamValues<VfsParams>;
