/** What becomes of a parameter of jail.conf(5) on Linux. */
export interface Fate {
  readonly fate: 'kept' | 'different' | 'none';
  /** One line: what it is here, in what it differs, or what to do instead. */
  readonly text: string;
}

const kept = (text: string): Fate => ({ fate: 'kept', text });
const different = (text: string): Fate => ({ fate: 'different', text });
const none = (text: string): Fate => ({ fate: 'none', text });
const allowed = kept('a switch of vir priv');

/** Every parameter of jail(8), and ours; docs/jail.md has the same table. */
export const fates: Readonly<Record<string, Fate>> = {
  'path': kept('vir fs root'),
  'host.hostname': kept('a uts namespace'),
  'host.domainname': kept('a uts namespace'),
  'host.hostuuid': none('Linux has no host UUID: an image that needs one has /etc/machine-id'),
  'host.hostid': none('Linux has no host id that a namespace could change'),
  'host': different('inherit is without host.hostname, new with it'),
  'vnet': kept('vir net'),
  'vnet.interface': kept('vir net if'),
  'interface': kept('where addresses are that name no interface'),
  'ip4': different('Linux has one stack: inherit means IPv4 and IPv6'),
  'ip6': different('Linux has one stack: inherit means IPv4 and IPv6'),
  'ip4.addr': different('the jail has a stack of its own, and the address is on a macvlan of that interface; no route is inherited: vimage.net.route'),
  'ip6.addr': different('the jail has a stack of its own, and the address is on a macvlan of that interface; no route is inherited: vimage.net.route'),
  'ip4.saddrsel': none('source addresses are chosen by routes: vimage.net.route'),
  'ip6.saddrsel': none('source addresses are chosen by routes: vimage.net.route'),
  'mount': kept('nullfs is vir fs bind or ro, tmpfs is vir fs tmpfs'),
  'mount.fstab': kept('its lines are as those of mount'),
  'mount.devfs': different('a minimal /dev, not one by rules'),
  'mount.fdescfs': kept('/dev/fd of that /dev'),
  'mount.procfs': different('a jail has a /proc of its own anyway'),
  'devfs_ruleset': none('/dev is minimal, about as ruleset 4 makes it'),
  'enforce_statfs': different('Linux knows 1 only, what is mounted below the root of the jail'),
  'allow.set_hostname': different('off unless said, and of no effect with vir user'),
  'allow.sysvipc': allowed,
  'allow.raw_sockets': allowed,
  'allow.chflags': allowed,
  'allow.mount': different('permits every kind of file system that the kernel lets root of the jail mount'),
  'allow.quotas': allowed,
  'allow.read_msgbuf': allowed,
  'allow.socket_af': allowed,
  'allow.mlock': allowed,
  'allow.reserved_ports': allowed,
  'allow.unprivileged_proc_debug': different('allow.ptrace of vir priv: off unless said'),
  'allow.settime': different('the clock is the machine’s'),
  'allow.adjtime': different('as allow.settime: the clock is the machine’s'),
  'allow.routing': different('everything that configures the stack: allow.net_admin of vir priv'),
  'allow.suser': none('what root may is said switch by switch in vir priv'),
  'allow.extattr': none('extended attributes belong to the file system'),
  'allow.nfsd': none('the NFS server of Linux is in the kernel, and not of a jail'),
  'allow.vmm': none('/dev/kvm is a device: it is not in the minimal /dev'),
  'allow.linux': none('this is Linux'),
  'children.max': kept('children.max of the image'),
  'securelevel': different('forbids what Linux has of it: chflags, modules, kexec, mknod (1), mount and clock (2), network settings (3)'),
  'persist': different('an image stays without processes, until imgctl down or destroy'),
  'depend': kept('images are made in this order'),
  'command': kept('run in the jail after exec.start'),
  'exec.prepare': different('run as the first of exec.prestart'),
  'exec.prestart': kept('run outside before the jail is made'),
  'exec.created': kept('run outside once the jail stands'),
  'exec.start': kept('run in the jail'),
  'exec.poststart': kept('run outside'),
  'exec.prestop': kept('run outside'),
  'exec.stop': kept('run in the jail'),
  'exec.poststop': kept('run outside when it is gone'),
  'exec.release': different('run as the last of exec.poststop'),
  'exec.clean': kept('a clean environment'),
  'exec.jail_user': kept('a user of the jail'),
  'exec.system_jail_user': none('exec.jail_user is a user of the jail'),
  'exec.system_user': none('commands outside run as whoever runs imgctl: say su in the command'),
  'exec.timeout': kept('seconds'),
  'exec.consolelog': kept('a file outside'),
  'exec.fib': none('routing tables are those of the jail’s stack'),
  'stop.timeout': none('imgctl down --grace SECONDS'),
  'sysvmsg': different('Linux has one namespace for all three: new is vir ipc'),
  'sysvsem': different('Linux has one namespace for all three: new is vir ipc'),
  'sysvshm': different('Linux has one namespace for all three: new is vir ipc'),
  'cpuset.id': none('processors are given by cgroups'),
  'osrelease': none('the kernel is the machine’s, and says so'),
  'osreldate': none('the kernel is the machine’s, and says so'),
  'linux': none('this is Linux'),
  'linux.osname': none('this is Linux'),
  'linux.osrelease': none('this is Linux'),
  'linux.oss_version': none('this is Linux'),
  'zfs.mount_snapshot': none('ZFS is not of the kernel'),
  'zfs.dataset': none('ZFS is not of the kernel'),
  'zfs': none('ZFS is not of the kernel'),
  'jid': none('an image has a name, and a serial that is never used again'),
  'name': kept('the image’s name'),
  'parent': none('the dotted name says it'),
  'meta': none('nothing keeps notes on an image'),
  'env': none('nothing keeps notes on an image'),
};

/** allow.mount.KIND, which permits one kind on FreeBSD. */
export const mountKind: Fate = none('allow.mount permits or forbids all kinds');

/** vimage.SECTION.KEY: what no jail(8) has. */
export const passed: Fate = kept('a parameter of that component');
