// Many hosts on one bridge, made by imgctl, by ip, by Mininet; and unmade.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { timed } from './alternate.mjs';
import { pinned } from './library.mjs';
import { home, imgctl, must, program } from './machine.mjs';

const bridge = 'br0';

/** Nanoseconds of a program, which must end well. */
function took(command, args) {
  return timed(() => void must(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

function ports() {
  return must(program('ip'), ['-o', 'link', 'show', 'master', bridge]).split('\n').filter((line) => line !== '').length;
}

function checkInner(name, up) {
  const flags = must(program('ip'), ['-n', name, '-o', 'link', 'show', 'dev', 'eth0']);
  if (/[<,]UP[,>]/.test(flags) !== up) throw new Error(`eth0 in ${name} is ${up ? 'down' : 'up'}`);
}

function checkPorts(count, who) {
  const found = ports();
  if (found !== count) throw new Error(`${who}: the bridge has ${found} ports, not ${count}`);
}

/** Runs `work` with an empty bridge, which is there and up for every side. */
export async function withBridge(work) {
  const ip = program('ip');
  must(ip, ['link', 'add', bridge, 'type', 'bridge']);
  must(ip, ['link', 'set', bridge, 'up']);
  try {
    return await work();
  } finally {
    must(ip, ['link', 'del', bridge]);
  }
}

/** `imgctl up` of that many images, from the start of Node to its end. `down`: what is inside is not brought up. */
export async function imgctlUp(count, { down = false } = {}) {
  const file = '/run/bench-lab.rc';
  const image = (i) => `image n${i} { vir net { veth "eth0=bridge:${bridge}"; ${down ? 'down "lo,eth0"; ' : ''}} }\n`;
  writeFileSync(file, Array.from({ length: count }, (_, i) => image(i)).join(''));
  const cost = await took(process.execPath, [imgctl, 'up', file]);
  checkPorts(count, 'imgctl up');
  if (pinned().size !== count) throw new Error(`imgctl up: ${pinned().size} pins, not ${count}`);
  return { cost, down: () => {
    must(process.execPath, [imgctl, 'down', file], { stdio: ['ignore', 'ignore', 'inherit'] });
    checkPorts(0, 'imgctl down');
    if (pinned().size !== 0) throw new Error('imgctl down left pins');
  } };
}

/**
 * One `ip -batch` for the same: names, cables, ports. It cannot bring up what is inside; unless that is to be `down`, an `ip -n NAME -batch`
 * for each does.
 */
export async function ipBatch(count, { down = false } = {}) {
  const file = '/run/bench-lab.ip';
  const inner = '/run/bench-lab-inner.ip';
  const ip = program('ip');
  writeFileSync(inner, 'link set lo up\nlink set eth0 up\n');
  const lines = Array.from({ length: count }, (_, i) => [
    `netns add n${i}`, `link add v${i} type veth peer name eth0 netns n${i}`, `link set v${i} master ${bridge} up`,
  ]).flat();
  writeFileSync(file, `${lines.join('\n')}\n`);
  let cost = await took(ip, ['-batch', file]);
  for (let i = 0; !down && i < count; i++) cost += await took(ip, ['-n', `n${i}`, '-batch', inner]);
  checkPorts(count, 'ip -batch');
  checkInner(`n${count - 1}`, !down);
  return { cost, down: async () => {
    writeFileSync(file, Array.from({ length: count }, (_, i) => `netns del n${i}\n`).join(''));
    must(ip, ['-batch', file]);
    // The kernel takes the cables down with the stacks, on its own time.
    for (let i = 0; i < 600 && ports() > 0; i++) await sleep(100);
    checkPorts(0, 'ip -batch');
  } };
}

/** Mininet's own time for its network, without Python's start; it takes it down itself. */
export function mininet(count) {
  program('mn');
  program('brctl');
  const text = must('/usr/bin/python3', [path.join(home, 'src/peer/mininet-lab.py'), String(count)], { stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(text.trim());
}
