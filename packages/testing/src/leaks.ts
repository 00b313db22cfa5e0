import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { probeCgroup } from '@vimage/linux';

/** What is on the machine and could be left over, as lines that can be compared. */
export interface Machine {
  /** Mount points of this mount namespace. */
  readonly mounts: readonly string[];
  /** Namespaces that a process stands in, holds open, or that a mount of any mount namespace keeps. */
  readonly namespaces: readonly string[];
  /** Interfaces of this network namespace. */
  readonly links: readonly string[];
  /** `PID START NAME`. */
  readonly processes: readonly string[];
  /** Cgroups of images, below the one that this process is in. */
  readonly cgroups: readonly string[];
  /** Descriptors of this process: what they are open on. */
  readonly fds: readonly string[];
}

export interface LookOptions {
  /** Only processes that have this in their environment, and the namespaces those hold: for when others work on the machine meanwhile. */
  readonly marker?: string;
  /** Whose mounts and interfaces are looked at: this process unless given. Then the namespaces that this process itself stands in do not count: they end with it. */
  readonly from?: number;
}

const attempt = <T>(fn: () => T, otherwise: T): T => {
  try {
    return fn();
  } catch {
    return otherwise;
  }
};

const types = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'];

/** Takes stock of the machine. */
export function machine(options: LookOptions = {}): Machine {
  const pids = readdirSync('/proc').map(Number).filter((pid) => Number.isInteger(pid) && marked(pid, options.marker));
  const processes = pids.flatMap((pid) => {
    const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '');
    const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return stat === '' || rest[0] === 'Z' || rest[0] === 'X' ? [] : [`${pid} ${rest[19] ?? ''} ${/\((.*)\)/s.exec(stat)?.[1] ?? ''}`];
  });
  const namespaces = new Set<string>();
  const from = options.from ?? 'self';
  for (const pid of pids) {
    if (pid === process.pid && from !== 'self') continue;
    for (const type of types) namespaces.add(attempt(() => readlinkSync(`/proc/${pid}/ns/${type}`), ''));
    for (const fd of attempt(() => readdirSync(`/proc/${pid}/fd`), [])) {
      const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '');
      if (/^[a-z_]+:\[\d+\]$/.test(target) && !/^(socket|pipe|anon_inode)/.test(target)) namespaces.add(target);
    }
    for (const line of attempt(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), '').split('\n')) {
      if (line.includes(' - nsfs ')) namespaces.add(line.split(' ')[3] ?? '');
    }
  }
  namespaces.delete('');
  return {
    mounts: attempt(() => readFileSync(`/proc/${from}/mountinfo`, 'utf8'), '').split('\n').flatMap((line) => line.split(' ')[4] ?? []).sort(),
    namespaces: [...namespaces].sort(),
    links: attempt(() => readFileSync(`/proc/${from}/net/dev`, 'utf8'), '').split('\n').slice(2).flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? []).sort(),
    processes: processes.sort(),
    cgroups: cgroups(),
    fds: descriptors(),
  };
}

/** What libuv keeps once it was needed, and the namespaces that this thread stands in, are no leaks. */
function descriptors(): readonly string[] {
  const own = new Set(types.map((type) => attempt(() => readlinkSync(`/proc/thread-self/ns/${type}`), '')));
  const targets = attempt(() => readdirSync('/proc/self/fd'), []).flatMap((fd) => attempt(() => [readlinkSync(`/proc/self/fd/${fd}`)], []));
  return targets.filter((target) => !own.has(target) && target !== 'anon_inode:inotify').map((target) => target.replace(/\[\d+\]$| \(deleted\)$/, '')).sort();
}

function marked(pid: number, marker: string | undefined): boolean {
  return marker === undefined || pid === process.pid || attempt(() => readFileSync(`/proc/${pid}/environ`, 'latin1'), '').includes(marker);
}

/** Directories `vimage/SERIAL...` where images of this process have theirs, in the hierarchies that tell membership or limit. */
function cgroups(): readonly string[] {
  const found: string[] = [];
  const walk = (dir: string): void => {
    for (const item of attempt(() => readdirSync(dir, { withFileTypes: true }), [])) {
      if (!item.isDirectory() || !/^\d+$/.test(item.name)) continue;
      found.push(`${dir}/${item.name}`);
      walk(`${dir}/${item.name}`);
    }
  };
  const mounts = attempt(() => readFileSync('/proc/self/mountinfo', 'utf8'), '').split('\n');
  for (const line of attempt(() => readFileSync('/proc/self/cgroup', 'utf8'), '').split('\n')) {
    const [, kind = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mount = mounts.find((each) => (kind === '' ? each.includes(' - cgroup2 ') : /^name=|(?:^|,)(?:pids|memory|cpu|cpuacct)(?:,|$)/.test(kind) && / - cgroup .*/.test(each) && each.endsWith(kind)));
    if (mount !== undefined) walk(`${mount.split(' ')[4] ?? ''}${path === '/' ? '' : path}/vimage`);
  }
  const told = attempt(() => probeCgroup(), undefined);
  if (told !== undefined && told.base !== told.own) walk(`${told.base}/vimage`);
  return found.sort();
}

/** What is there after and was not before, one line each; with `only`, of these kinds. */
export function leaks(before: Machine, after: Machine, only: readonly (keyof Machine)[] = ['mounts', 'namespaces', 'links', 'processes', 'cgroups', 'fds']): readonly string[] {
  return only.flatMap((kind) => {
    const left = [...before[kind]];
    return after[kind].flatMap((line) => {
      const at = left.indexOf(line);
      if (at < 0) return [`${kind}: ${line}`];
      left.splice(at, 1);
      return [];
    });
  });
}
