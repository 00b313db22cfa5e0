// What scenarios use of the machine: other programs, our C, files.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const home = path.resolve(here, '../..');
export const root = path.resolve(home, '../..');
export const imgexec = path.join(root, 'packages/linux/dist/imgexec');
export const imgctl = path.join(root, 'packages/imgctl/dist/main.js');

const packages = {
  bwrap: 'bubblewrap', crun: 'crun', ip: 'iproute2', iperf3: 'iperf3', mn: 'mininet', nsenter: 'util-linux', rg: 'ripgrep', runc: 'runc', socat: 'socat', unshare: 'util-linux', brctl: 'bridge-utils', cc: 'gcc libc6-dev',
};

/** A peer that is not here; its rows say so. */
export class Missing extends Error {
  constructor(text) {
    super(text);
    this.name = 'Missing';
  }
}

const standard = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a program, so that no side searches. */
export function program(name) {
  for (const dir of standard) {
    const file = path.join(dir, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // the next one
    }
  }
  throw new Missing(`not installed: apt-get install ${packages[name] ?? name}`);
}

/** Runs a program to its end and returns what it printed; throws, with what it said, unless it exits with 0. */
export function must(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) {
    throw new Error(`${command} ${args.slice(0, 8).join(' ')}: ${done.signal ?? `exit status ${done.status}`}\n${done.stderr ?? ''}${done.stdout ?? ''}`);
  }
  return done.stdout;
}

/** Resolves when a child has exited with 0; else throws. */
export function ended(child, what = child.spawnfile) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${what}: ${signal ?? `exit status ${code}`}`))));
  });
}

/** Starts a program that stays, until `stop` is called. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  const exit = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  return {
    child,
    exit,
    stop: async () => {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** Path of a program of ours, compiled from c/NAME.c when it is not, or is older. */
export function compiled(name) {
  const source = path.join(home, 'c', `${name}.c`);
  const out = path.join(home, 'dist', name);
  if (existsSync(out) && statSync(out).mtimeMs > statSync(source).mtimeMs) return out;
  mkdirSync(path.dirname(out), { recursive: true });
  const made = `${out}.${process.pid}`;
  must(process.env.CC || program('cc'), ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-o', made, source]);
  renameSync(made, out);
  return out;
}

/** Nanoseconds that the same system calls take in C: `batch` images at a time, made and removed `times` times. */
export function floor(batch, times) {
  return Number(must(compiled('floor'), [String(batch), String(times)]));
}

/** Times commands from C, which costs the same for each: `commands` by name, run A B A B. Nanoseconds by name. */
export function drive(commands, { rounds, warmup = 3 }) {
  const names = Object.keys(commands);
  const args = [String(warmup), String(rounds), ...names.flatMap((name) => ['--next', ...commands[name]])];
  const lines = must(compiled('drive'), args).trim().split('\n');
  const costs = Object.fromEntries(names.map((name) => [name, []]));
  for (const line of lines) line.split(' ').forEach((text, i) => costs[names[i]].push(Number(text)));
  if (lines.length !== rounds) throw new Error(`drive: ${lines.length} rounds, not ${rounds}`);
  return costs;
}
