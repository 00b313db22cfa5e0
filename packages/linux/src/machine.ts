import { existsSync, readFileSync, statSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import type { Awaitable, EntryStep, StoredImage } from '@vimage/core';
import { initDir, parseCgroups, probeCgroup, serialOf } from './cgroup.ts';
import type { CgroupAt, Hierarchy } from './cgroup.ts';
import { boundAt, bounded, pidsForOnes, pidsLimit, pidsLimitBack } from './limit.ts';
import type { Bounded, Controller } from './limit.ts';
import { away, endErrands, netOwnedBy } from './away.ts';
import { netlinkSocket } from './netlink-socket.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { upHere } from './loopback.ts';
import { nameHost } from './hostname.ts';
import { Launcher } from './launcher.ts';
import { Namespace, create, takeOver, withNs } from './ns.ts';
import { Pinner } from './pinner.ts';
import type { InitPids, OuterPid, UserMaps } from './pinner.ts';
import { Layout, registryRoot } from './registry/paths.ts';
import { Root } from './registry/root.ts';
import { imageByDescent } from './process/descent.ts';
import { readPlan } from './retire.ts';
import { identityPairs } from './identity.ts';
import { newTime, type Clocks } from './time.ts';
import { ifThere } from './sys/file.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

/** What names an image and cannot come to mean another. */
export type Named = Pick<StoredImage, 'name' | 'serial'>;

/** What components are given of the machine: namespaces and their pins, netlink, sysctl, pid 1, limits. */
export abstract class LinuxMachine {
  readonly layout: Layout;
  protected readonly root: Root;
  #pinner: Pinner | undefined;
  #launcher: Launcher | undefined;
  #first = true;
  /** What was mounted as the pins' namespace, and in which turn of the root lock that was looked at. */
  #mounted: bigint | undefined;
  #turn = 0;
  /** In which turn the pinner was last seen alive: once in each is enough. */
  #seen = 0;
  #hierarchy: Hierarchy | undefined | null = null;
  /** The file system of namespaces. */
  readonly #nsfs: bigint = statSync('/proc/self/ns/mnt', { bigint: true }).dev;

  /** `root` is for tests of the registry; imgexec knows only the one place. */
  constructor(root: string = registryRoot()) {
    this.layout = new Layout(root);
    this.root = new Root(this.layout);
  }

  /** The cgroup of an image, made or being made; it exists once somebody has entered. Undefined where there can be none. */
  abstract cgroupOf(image: Named): CgroupAt | undefined;

  /** How many processes it may have, by who says so; of one that is made or changed, what its plan will say. */
  protected abstract mostOf(image: Named): Map<string, number>;

  /** Where the files of an image are now, made or being made. */
  protected abstract dirOf(image: Named): string;

  /** The descriptor of the lock under which this process works on an image; undefined when it does not. */
  protected abstract lockOf(serial: bigint): number | undefined;

  /** Where membership is told: v2, a named v1 hierarchy, or nowhere. Probed once. */
  get cgroups(): Hierarchy | undefined {
    if (this.#hierarchy === null) this.#hierarchy = probeCgroup();
    return this.#hierarchy;
  }

  /** The one that this process has, whether it has ended or not. */
  protected get usedPinner(): Pinner | undefined {
    return this.#pinner;
  }

  protected get runningPinner(): Pinner | undefined {
    return this.#pinner?.alive === true ? this.#pinner : undefined;
  }

  /** imgexec, starting commands; not for the first one, as it takes as long to start as that. */
  protected launcher(): Launcher | undefined {
    if (this.#first) {
      this.#first = false;
      return undefined;
    }
    if (this.#launcher?.alive !== true) this.#launcher = new Launcher();
    return this.#launcher;
  }

  protected letGo(): void {
    endErrands();
    this.#launcher?.[Symbol.dispose]();
    this.#launcher = undefined;
    this.#pinner?.[Symbol.dispose]();
    this.#pinner = undefined;
  }

  /** Undefined where the pins' namespace is not mounted. */
  protected pinnerIfPins(): Pinner | undefined {
    return this.#look() === undefined ? undefined : this.livePinner();
  }

  protected needPins(): void {
    if (this.#look() === undefined) this.livePinner();
  }

  /** imgexec, standing in the pins' namespace; started, and the namespace made, when first needed. */
  pinner(): Awaitable<Pinner> {
    return this.root.run(() => this.livePinner());
  }

  protected livePinner(): Pinner {
    const mounted = this.#look();
    // An error that whoever posted has not heard yet must not go with it.
    if (this.#pinner?.failed === true) return this.#pinner;
    const turn = this.root.held ? this.root.turn : 0;
    const usable = this.#pinner?.running === true && this.#pinner.ns === mounted && ((turn > 0 && turn === this.#seen) || this.#pinner.alive);
    this.#seen = turn;
    if (usable && this.#pinner !== undefined) return this.#pinner;
    this.#pinner?.[Symbol.dispose]();
    this.#pinner = undefined;
    this.#pinner = new Pinner();
    this.#mounted = this.#pinner.ns;
    return this.#pinner;
  }

  /** Inode of the namespace that is mounted as the pins'; undefined: none is. Nobody else changes that while we hold the root lock. */
  #look(): bigint | undefined {
    if (this.root.held && this.#turn === this.root.turn) return this.#mounted;
    const mnt = statSync(this.layout.mnt, { bigint: true, throwIfNoEntry: false });
    this.#mounted = mnt?.dev === this.#nsfs ? mnt?.ino : undefined;
    this.#turn = this.root.held ? this.root.turn : 0;
    return this.#mounted;
  }

  /** Whether we stand in the mount view of an image: imgexec puts a file that is not empty where the pins' namespace is out of reach. */
  protected get inView(): boolean {
    const mnt = statSync(this.layout.mnt, { throwIfNoEntry: false });
    return mnt?.isFile() === true && mnt.size > 0;
  }

  /** EOPNOTSUPP in the mount view of an image: the kernel copies no mount of a mount namespace there, so that the pins cannot be seen. */
  protected checkReach(): void {
    if (this.#look() !== undefined || !this.inView) return;
    throw new VimageError('EOPNOTSUPP', 'imgctl cannot work from here: it runs in the mount view of an image, out of reach of what keeps the images', {
      subject: this.layout.mnt, hint: 'run it outside of the image (a command that only reads works here, too); an image with "vir user" and children.max has images of its own',
    });
  }

  /**
   * Makes a network namespace; it lives as long as it is open or pinned. `loopback`: its loopback interface is up. `users`: the user
   * namespace whose root is to be root of it.
   */
  netnsCreate(options: { readonly loopback?: boolean; readonly users?: Namespace | undefined } = {}): Namespace {
    const up = options.loopback === true;
    if (options.users !== undefined) return netOwnedBy(options.users, up);
    const opened = away()?.fd(undefined, 'new', ...(up ? ['up'] : []));
    return opened === undefined ? create('net', up ? upHere : undefined) : takeOver(opened, 'net', 'a new net namespace');
  }

  /** Makes a time namespace; see {@link newTime}. */
  timeCreate(offsets: Clocks, users?: Namespace): Namespace {
    return newTime(offsets, users);
  }

  /** Makes the file system that is to be /dev/shm of those in the ipc namespace of an image, as its pin `shm` (see `cover` of the plan). EEXIST. */
  async shmCreate(serial: bigint): Promise<void> {
    (await this.pinner()).shm(serial, this.lockOf(serial));
  }

  /** Makes a uts namespace with these names; it lives as long as it is open or pinned. With `ns`, that one gets them. EINVAL, EPERM. */
  hostname(host: string, domain: string, ns?: Namespace): Namespace {
    return nameHost(host, domain, ns);
  }

  /** A netlink socket of `ns` (0 route, 4 sock_diag, 12 netfilter, 16 generic), or of our own namespace. */
  netlink(family: number, ns?: Namespace): NetlinkSocket {
    return netlinkSocket(family, ns);
  }

  withNs<T>(ns: Namespace | readonly Namespace[], fn: () => T): T {
    return withNs(ns, fn);
  }

  /** Pins a namespace as `SERIAL/NAME`, and says how to enter it. It must stay open until the stage is published, or aborted. */
  async pin(serial: bigint, name: string, ns: Namespace): Promise<EntryStep> {
    (await this.pinner()).pin(serial, name, ns, this.lockOf(serial));
    return joinStep(serial, name, ns);
  }

  /** Makes and pins the user namespace of an image, inside `outer` where there is one. */
  async usersCreate(image: Named, maps: UserMaps, outer?: Namespace): Promise<Namespace> {
    const pinner = await this.pinner();
    pinner.users(image.serial, maps, outer, this.lockOf(image.serial));
    return pinner.open(image.serial, 'user', 'user');
  }

  /** Opens a pin. ENOENT: it was unmounted by hand, or never made. */
  async openPin(serial: bigint, name: string, type: Namespace['type']): Promise<Namespace> {
    if (!existsSync(this.layout.mnt)) {
      throw new VimageError('ESTALE', `the ${type} namespace of image ${serial} is gone: ${this.layout.mnt} is not there`, { subject: this.layout.mnt, hint: 'destroy the image and make it anew' });
    }
    return (await this.pinner()).open(serial, name, type);
  }

  sysctlRead(ns: Namespace, key: string): string {
    return readSysctl(ns, key);
  }

  sysctlWrite(ns: Namespace, key: string, value: string): void {
    writeSysctl(ns, key, value);
  }

  /** Makes and pins the two pid namespaces of an image, imgexec pid 1 in both, inside `outer` when its parent has its own. */
  async initStart(image: Named, outer?: OuterPid): Promise<InitPids> {
    const at = this.cgroupOf(image);
    if (at?.kind === 'v2') pidsForOnes(at);
    const where = at === undefined ? { path: this.dirOf(image), kind: 'dir' as const } : { path: `${at.path}/${initDir}`, kind: at.kind };
    return (await this.pinner()).init(image.serial, where, this.lockOf(image.serial), outer);
  }

  /** See {@link pidsLimit}; the image is being made or changed. `who`: the component that says so. Where several do, the smallest holds. */
  pidsLimit(image: Named, who: string, max: number | undefined): string {
    return pidsLimit(this.cgroupOf(image), this.#smallest(image, who, max));
  }

  /** See {@link pidsLimitBack}. */
  pidsLimitBack(image: Named, who: string, max: number | undefined): void {
    pidsLimitBack(this.cgroupOf(image), this.#smallest(image, who, max));
  }

  #smallest(image: Named, who: string, max: number | undefined): number | undefined {
    const most = this.mostOf(image);
    most.delete(who);
    if (max !== undefined) most.set(who, max);
    return most.size === 0 ? undefined : Math.min(...most.values());
  }

  /** See {@link bounded}; the image is being made or changed. */
  bounded(image: Named, controller: Controller): Bounded {
    return bounded(this.cgroupOf(image), controller);
  }

  /** Where a controller bounds an image, as it stands; undefined where nothing does. */
  boundAt(image: Named, controller: Controller): Bounded | undefined {
    return boundAt(this.cgroupOf(image), controller);
  }

  /** Serial of the image a process lives in; undefined in img0, or when it is gone. */
  imageOf(pid: number): bigint | undefined {
    const kind = this.cgroups?.kind;
    if (kind === undefined) return this.#imageByDescent(pid);
    const text = ifThere(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    const line = parseCgroups(text ?? '').find(({ controllers }) => (kind === 'v2' ? controllers[0] === '' : controllers.some((each) => each.startsWith('name='))));
    return line === undefined ? undefined : serialOf(line.path);
  }

  #imageByDescent(pid: number): bigint | undefined {
    const dir = imageByDescent(this.layout.root, pid);
    return dir === undefined ? undefined : readPlan(dir)?.image.serial;
  }
}

/** The plan step that enters a pinned namespace; its identity is verified then. */
export function joinStep(serial: bigint, name: string, ns: Pick<Namespace, 'type' | 'ino' | 'id'>): EntryStep {
  return { verb: 'join', args: [['type', ns.type], ['pin', `${serial}/${name}`], ...identityPairs(ns)] };
}
