import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const workspace: string = realpathSync(fileURLToPath(new URL('../../../..', import.meta.url)));
export const mainFile: string = path.join(workspace, 'packages/imgctl/dist/main.js');
const cgroupMount = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((at) => existsSync(`${at}/cgroup.procs`));

/** Why these tests cannot run here, or undefined. */
export function cannot(): string | undefined {
  if (process.geteuid?.() !== 0) return 'needs root: run npm test as root';
  if (!existsSync(mainFile)) return 'needs the built imgctl: run npm run build';
  const tried = spawnSync('unshare', ['-mn', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `needs mount and network namespaces: ${tried.stderr || String(tried.error)}`;
}

/** Whether a program is installed; what to install when not. */
export function missing(program: string, debianPackage: string): string | undefined {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0 ? undefined : `${program} is not installed (Debian: ${debianPackage})`;
}

/** Builds a C program of these tests (fixtures/NAME.c). */
export function build(name: string, to: string, ...flags: readonly string[]): void {
  const source = fileURLToPath(new URL(`../fixtures/${name}.c`, import.meta.url));
  const { status, stderr, error } = spawnSync(process.env['CC'] ?? 'cc', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-O1', ...flags, '-o', to, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${source}: ${stderr || String(error)}`);
}

export interface Result {
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: number;
}

/** One pretended machine: own /run, own "host" network, own cgroup; gone with the test file. */
export class World implements AsyncDisposable {
  readonly #holder: ChildProcess;
  readonly #cgroup: string | undefined;
  readonly scratch: string;

  private constructor(holder: ChildProcess, cgroup: string | undefined, scratch: string) {
    this.#holder = holder;
    this.#cgroup = cgroup;
    this.scratch = scratch;
  }

  /** `cgroups: false`: nothing in it can reach any cgroup hierarchy. */
  static async open(options: { readonly cgroups?: boolean } = {}): Promise<World> {
    const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'vimage-e2e-')));
    const cgroup = cgroupMount === undefined ? undefined : path.join(cgroupMount, path.basename(scratch));
    if (cgroup !== undefined) mkdirSync(cgroup);
    const covered = options.cgroups === false ? 'mount -t tmpfs -o ro,mode=555 none /sys/fs/cgroup && ' : '';
    const script = covered + 'mount -t tmpfs -o mode=755 tmpfs /run && ip link set lo up && mkdir -p /run/lock && echo ready && exec sleep infinity';
    const holder = spawn('unshare', ['-m', '-n', '--propagation', 'private', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (holder.stdout === null) throw new Error('no pipe');
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => { throw new Error('the holder of the test namespaces ended'); })]);
    build('pins', path.join(scratch, 'pins'));
    return new World(holder, cgroup, scratch);
  }

  /** Starts a program in the world. */
  spawn(command: readonly string[], options: RunOptions & { readonly stdio?: 'pipe' | 'ignore' | 'inherit' } = {}): ChildProcess {
    const enter = 'pid=$1 cg=$2; shift 2; [ -z "$cg" ] || echo $$ > "$cg/cgroup.procs"; exec nsenter -m -n -t "$pid" -- "$@"';
    return spawn('sh', ['-c', enter, 'sh', String(this.#holder.pid), this.#cgroup ?? '', ...command], {
      stdio: options.stdio ?? 'pipe',
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '', LC_ALL: 'C.UTF-8', NODE_OPTIONS: '', VIMAGE_INVARIANTS: '1', ...options.env },
    });
  }

  /** One in which imgctl has run before, and what it is like then. */
  static async started(options: { readonly cgroups?: boolean } = {}): Promise<{ readonly world: World; readonly before: readonly string[] }> {
    const world = await World.open(options);
    await world.ok('ls');
    return { world, before: await world.traces() };
  }

  /** Runs a program in the world and waits for it. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Result> {
    const child = this.spawn(command, options);
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { err += text; });
    child.stdin?.on('error', () => undefined).end(options.input ?? '');
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 60_000);
    try {
      const [status, signal] = await once(child, 'close') as [number | null, NodeJS.Signals | null];
      return { status: status ?? -1, signal, out, err };
    } finally {
      clearTimeout(timer);
    }
  }

  imgctl(...args: readonly string[]): Promise<Result> {
    return this.run([process.execPath, mainFile, ...args]);
  }

  /** imgctl that must succeed; its output. */
  async ok(...args: readonly string[]): Promise<string> {
    const result = await this.imgctl(...args);
    if (result.status !== 0) throw new Error(`imgctl ${args.join(' ')}: status ${result.status}\n${result.out}${result.err}`);
    return result.out;
  }

  /** A shell script that must succeed; its output. */
  async sh(script: string): Promise<string> {
    const result = await this.run(['sh', '-ec', script]);
    if (result.status !== 0) throw new Error(`${script}: status ${result.status}\n${result.out}${result.err}`);
    return result.out;
  }

  /** The one JSON document that a command prints. */
  async json(...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.ok(...args, '--json'));
  }

  /** Everything that commands could leave behind, as lines. */
  async traces(): Promise<readonly string[]> {
    const script = [
      'cut -d" " -f5,9- /proc/self/mountinfo | sed "s/^/mount /" | sort',
      'ip -o link | cut -d: -f2 | sed "s/^/link/"',
      'ip -o addr | tr -s " " | cut -d" " -f2-4 | sed "s/^/addr /"',
      'ip -o route show table all | grep -v "^ff00\\|^multicast\\|anycast" | sed "s/^/route /"',
      'nft list ruleset 2>/dev/null | grep "^table" | sed "s/^/nft /"',
      'echo "ip_forward $(cat /proc/sys/net/ipv4/ip_forward)"',
      'cd /run && find . -mindepth 1 ! -path ./lock ! -name ".*" | grep -v "^./vimage$\\|^./vimage/lock$\\|^./vimage/img$\\|^./vimage/dying$\\|^./vimage/mnt$" | sed "s/^/file /" | sort',
    ].join('; ');
    const { out, err } = await this.run(['sh', '-c', script]);
    if (err !== '') throw new Error(err);
    // What stands in the pins' mount namespace, and /run/vimage/mnt itself, may stay: both are empty then.
    const lines = out.split('\n').filter((line) => line !== '' && !line.startsWith('mount /run/vimage/mnt '));
    return [...lines, ...await this.pins(), ...this.processes().map((text) => `process ${text}`), ...this.cgroups().map((at) => `cgroup ${at}`)];
  }

  /** Pins, looked at from within their mount namespace. */
  async pins(): Promise<readonly string[]> {
    const { status, out, err } = await this.run(['sh', '-c', 'grep -q " /run/vimage/mnt " /proc/self/mountinfo || exit 0; exec "$0" /run/vimage/mnt', path.join(this.scratch, 'pins')]);
    if (status !== 0) throw new Error(err);
    return out.split('\n').filter((line) => line !== '').map((line) => `pin ${line}`);
  }

  /** Processes of this world that are not its holder. */
  processes(): readonly string[] {
    return this.#tree().flatMap((at) => {
      const pids = readFileSync(path.join(at, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '');
      return pids.map((pid) => {
        try {
          return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
        } catch {
          return pid;
        }
      });
    });
  }

  cgroups(): readonly string[] {
    const top = this.#cgroup ?? '';
    return this.#tree().map((at) => at.slice(top.length)).filter((at) => at !== '' && at !== '/vimage');
  }

  #tree(): readonly string[] {
    const walk = (at: string): readonly string[] => [...readdirSync(at, { withFileTypes: true }).filter((each) => each.isDirectory()).flatMap((each) => walk(path.join(at, each.name))), at];
    return this.#cgroup === undefined ? [] : walk(this.#cgroup);
  }

  /** Writes a file of the world's scratch directory; its path. */
  file(name: string, content: string): string {
    const at = path.join(this.scratch, name);
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, content);
    return at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = this.#holder.exitCode === null && this.#holder.signalCode === null ? once(this.#holder, 'exit') : undefined;
    for (const line of this.processes()) {
      try {
        process.kill(Number(line.split(' ')[0]), 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    this.#holder.kill('SIGKILL');
    await gone;
    for (let tries = 0; tries < 50 && this.processes().length > 0; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const at of this.#tree()) rmdirSync(at);
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
