import { kassert, listParam, param, type, type FlagParam, type IntParam, type ListParam, type OneParam, type ParamValues, type StringParam } from '@vimage/core';
import { jailAddressType, type JailAddress } from './address.ts';
import { allowKeys, allowTable, type AllowKey } from './allow.ts';
import { mountType, type Mount } from './fstab.ts';

/** Who has a part of the network, or of System V IPC: the jail alone, as those around it, or nobody. */
export type Access = 'new' | 'inherit' | 'disable';

/** The parameters that are commands, run as the jail comes and goes. */
export type Hook = 'exec.prestart' | 'exec.created' | 'exec.start' | 'exec.poststart' | 'exec.prestop' | 'exec.stop' | 'exec.poststop' | 'command';

/** Parameters of `vir jail`, in the words of jail(8). */
export type JailParams = {
  readonly path: StringParam;
  readonly 'host.hostname': StringParam;
  readonly 'host.domainname': StringParam;
  readonly vnet: FlagParam;
  readonly 'vnet.interface': ListParam<string>;
  readonly ip4: OneParam<Access>;
  readonly ip6: OneParam<Access>;
  readonly 'ip4.addr': ListParam<JailAddress>;
  readonly 'ip6.addr': ListParam<JailAddress>;
  readonly interface: StringParam;
  readonly sysvmsg: OneParam<Access>;
  readonly sysvsem: OneParam<Access>;
  readonly sysvshm: OneParam<Access>;
  readonly mount: ListParam<Mount>;
  readonly 'mount.devfs': FlagParam;
  readonly 'mount.fdescfs': FlagParam;
  readonly 'mount.procfs': FlagParam;
  readonly securelevel: IntParam;
  readonly enforce_statfs: IntParam;
  readonly depend: ListParam<string>;
  readonly 'exec.clean': FlagParam;
  readonly 'exec.jail_user': StringParam;
  readonly 'exec.timeout': IntParam;
  readonly 'exec.consolelog': StringParam;
} & Readonly<Record<AllowKey, FlagParam>> & Readonly<Record<Hook, ListParam<string>>>;

export type JailValues = ParamValues<JailParams>;

function command(describe: string, example: string): ListParam<string> {
  return listParam(type.string({ max: 4000, min: 1 }), { access: 'rw', describe, example, split: false });
}

function flag(describe: string, example: string, access: 'create' | 'rw' = 'rw'): FlagParam {
  return param(type.flag(), { access, describe, example, default: 'false' });
}

function isWhole(made: Readonly<Record<string, FlagParam>>): made is Readonly<Record<AllowKey, FlagParam>> {
  return allowKeys.every((key) => Object.hasOwn(made, key));
}

function allows(): Readonly<Record<AllowKey, FlagParam>> {
  const made = Object.fromEntries(allowKeys.map((key) => [key, param(type.flag(), { access: 'rw', describe: allowTable[key].describe, example: 'true' })]));
  kassert(isWhole(made), 'every key has a parameter');
  return made;
}

const access = type.enum(['new', 'inherit', 'disable']);
const hostname = type.string({ max: 64, min: 1 });

export const jailParams: JailParams = {
  path: param(type.path(), { access: 'create', describe: 'the directory that the jail has as /; without it, the machine’s own', example: '/jails/www' }),
  'host.hostname': param(hostname, { access: 'rw', describe: 'the host name; with it, the jail has one of its own', example: 'www.example.org' }),
  'host.domainname': param(hostname, { access: 'rw', describe: 'the NIS domain name', example: 'example.org' }),
  vnet: flag('a network stack of its own, to configure from inside', 'true', 'create'),
  'vnet.interface': listParam(type.ifname(), { access: 'rw', describe: 'interfaces moved into that stack, given back at the end', example: 'eth1' }),
  ip4: param(access, { access: 'create', describe: 'IPv4: addresses of its own, all there are around it, or none', example: 'inherit' }),
  ip6: param(access, { access: 'create', describe: 'IPv6: the same', example: 'inherit' }),
  'ip4.addr': listParam(jailAddressType(4), { access: 'rw', describe: 'IPv4 addresses, each on an interface', example: 'eth0|10.7.0.2/24' }),
  'ip6.addr': listParam(jailAddressType(6), { access: 'rw', describe: 'IPv6 addresses, each on an interface', example: 'eth0|fd00::2/64' }),
  interface: param(type.ifname(), { access: 'rw', describe: 'where addresses are that name no interface', example: 'eth0' }),
  sysvmsg: param(access, { access: 'create', describe: 'System V messages: of its own (vir ipc), those around it, or none', example: 'new' }),
  sysvsem: param(access, { access: 'create', describe: 'System V semaphores: the same', example: 'new' }),
  sysvshm: param(access, { access: 'create', describe: 'System V shared memory: the same', example: 'new' }),
  mount: listParam(mountType(), { access: 'rw', describe: 'file systems of the jail, lines of fstab(5) with places below its root', example: '/usr/ports /usr/ports nullfs ro', split: false }),
  'mount.devfs': flag('a minimal /dev', 'true'),
  'mount.fdescfs': flag('the descriptors of a process as /dev/fd, in that /dev', 'true'),
  'mount.procfs': flag('a /proc; a jail has one of its own anyway', 'true'),
  ...allows(),
  securelevel: param(type.int({ min: -1, max: 3 }), { access: 'rw', describe: 'what not even root can do, as security(7) has it; it can only be raised', example: '1', default: '-1' }),
  enforce_statfs: param(type.int({ min: 0, max: 2 }), { access: 'create', describe: 'which mounts the jail is told of; 1, those below its root, is what Linux does', example: '1', default: '1' }),
  depend: listParam(type.image(), { access: 'rw', describe: 'images that have to be there first', example: 'db' }),
  'exec.prestart': command('run outside before the jail is made', 'mkdir -p /var/log/www'),
  'exec.created': command('run outside once the jail stands', 'logger www is there'),
  'exec.start': command('run in the jail to start it, by sh', '/bin/sh /etc/rc'),
  command: command('run in the jail after that', 'nginx'),
  'exec.poststart': command('run outside after that', 'logger www is up'),
  'exec.prestop': command('run outside before the jail is stopped', 'logger www goes'),
  'exec.stop': command('run in the jail to stop it', '/bin/sh /etc/rc.shutdown'),
  'exec.poststop': command('run outside when it is gone', 'rmdir /var/log/www'),
  'exec.clean': flag('these commands have a clean environment', 'true'),
  'exec.jail_user': param(type.string({ max: 64, min: 1 }), { access: 'rw', describe: 'as whom of the jail they run in it', example: 'www' }),
  'exec.timeout': param(type.duration(), { access: 'rw', describe: 'how long each of them may take; 0: for ever', example: '30s', default: '0' }),
  'exec.consolelog': param(type.path(), { access: 'rw', describe: 'a file outside that gets what they print in the jail', example: '/var/log/www.log' }),
};
