import { accessSync, constants } from 'node:fs';
import { VimageError, codeOf, type CreateContext, type Pair, type Pairs } from '@vimage/core';
import { companionLives, endCompanion, startCompanion, type Companion } from '@vimage/linux';
import { valueOf } from '../move/journal.ts';
import type { Vnet } from '../vnet.ts';
import { publishedByUplink, type VnetValues } from '../wanted/wanted.ts';
import { chosen, commandOf, forwarderOf, isUplinkProgram, type UplinkProgram, type UplinkWish } from './program.ts';

/** The process through which an image reaches the network of the machine. */
export interface Uplink extends Companion {
  readonly program: UplinkProgram;
}

/** Starts, ends or leaves the uplink as values say; lines for what is to be said. */
export async function changeUplink(made: Vnet, before: VnetValues, cx: Pick<CreateContext<'net'>, 'values' | 'parent' | 'scope' | 'stage'>): Promise<readonly string[]> {
  const had = made.uplink;
  const lives = had !== undefined && companionLives(had);
  if (lives && asked(before) === asked(cx.values)) return [];
  const next = planned(cx.values, cx.parent);
  if (had !== undefined) {
    cx.scope.defer(() => { made.uplink = had; });
    await endCompanion(had);
    made.uplink = undefined;
    // Its note is of no use any more.
    await cx.stage.settle('net', (await cx.stage.journalled('net')).filter((entry) => !isUplink(entry)));
  }
  if (next === undefined) return [];
  const { program } = next;
  try {
    const companion = await startCompanion({ ...next, input: made.stack.ns.fd }, (who) => cx.stage.journal('net', uplinkEntry({ ...who, program })));
    cx.scope.defer(async () => void (await endCompanion(companion)));
    made.uplink = { ...companion, program };
  } catch (error) {
    throw explained(error, program);
  }
  if (had === undefined) return [];
  return [lives ? `uplink: ${program} was started anew, and connections through it are cut` : `uplink: ${had.program} had ended, and ${program} was started`];
}

function asked(values: VnetValues): string {
  return JSON.stringify([values.uplink ?? 'none', wishOf(values)]);
}

function wishOf(values: VnetValues): UplinkWish {
  return { forward: (values.dns ?? []).length === 0, publish: publishedByUplink(values) };
}

/** What is to run; everything that can be known to fail does so here, while the old one still runs. */
function planned(values: VnetValues, parent: Vnet): (ReturnType<typeof commandOf> & { readonly program: UplinkProgram }) | undefined {
  const { uplink: word = 'none' } = values;
  if (word === 'none') return undefined;
  if (parent.serial !== undefined) {
    throw new VimageError('EOPNOTSUPP', 'uplink leads out of the machine’s own stack, and the image around this one has another', {
      subject: 'uplink', hint: 'give that one the uplink, and this one a cable to it: veth eth0=parent addr eth0=10.7.0.2/24 route default=10.7.0.1 nat true',
    });
  }
  const asked = wishOf(values);
  const { program, path } = chosen(word, asked);
  checkTun(program);
  return { ...commandOf(program, path, asked), program };
}

function checkTun(program: UplinkProgram): void {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch (error) {
    const there = codeOf(error) !== 'ENOENT';
    throw new VimageError(there ? 'EACCES' : 'ENODEV', `uplink ${program}: /dev/net/tun ${there ? 'may not be opened' : 'is not there'}`, {
      subject: '/dev/net/tun', hint: there ? 'its mode is 0666 where udev makes it: chmod 666 /dev/net/tun, as root' : 'modprobe tun, as root; in a container: give it the device', cause: error,
    });
  }
}

function explained(error: unknown, program: UplinkProgram): unknown {
  if (!(error instanceof VimageError) || !['EIO', 'ETIMEDOUT'].includes(error.code)) return error;
  const noRoute = /external interface not usable|routable interface for IPv4/i.test(error.message);
  const port = /bind/i.test(error.message);
  const hint = port ? 'a port of the machine is taken, or below 1024 and not yours: look with ss -ltnup, and publish another'
    : noRoute ? 'the machine has no default route: the image would not come farther than the machine does'
      : `try it by hand: ${program} --help says what it takes`;
  return new VimageError(error.code, `uplink: ${program}: ${error.message}`, { subject: 'uplink', hint, cause: error });
}

/** What the image's name servers are: those given, or else the one that its uplink provides. */
export function withForwarder(values: VnetValues, uplink: Uplink | undefined): VnetValues {
  return uplink === undefined || (values.dns ?? []).length > 0 ? values : { ...values, dns: [forwarderOf(uplink.program)] };
}

/** What the journal notes of it. */
function uplinkEntry({ program, pid, start }: Uplink): Pairs {
  return [['act', 'uplink'], ['program', program], ['pid', String(pid)], ['start', start]];
}

/** Whether a journal entry is of an uplink. */
export function isUplink(entry: Pairs): boolean {
  return valueOf(entry, 'act') === 'uplink';
}

/** Ends what an entry notes; a line where there was something to end. */
export async function endNoted(entry: Pairs): Promise<readonly string[]> {
  const noted = parse(valueOf(entry, 'program'), valueOf(entry, 'pid'), valueOf(entry, 'start'));
  return noted !== undefined && (await endCompanion(noted)) ? [`uplink: ${noted.program} (process ${noted.pid}) ended`] : [];
}

/** For the registry. */
export function saveUplink(uplink: Uplink | undefined): readonly Pair[] {
  return uplink === undefined ? [] : [['uplink', `${uplink.program} ${uplink.pid} ${uplink.start}`]];
}

/** What {@link saveUplink} wrote. */
export function savedUplink(saved: Pairs): Uplink | undefined {
  const [program, pid, start] = (valueOf(saved, 'uplink') ?? '').split(' ');
  return parse(program, pid, start);
}

function parse(program = '', pid = '', start = ''): Uplink | undefined {
  return isUplinkProgram(program) && /^\d{1,10}$/.test(pid) && /^\d{1,20}$/.test(start) ? { program, pid: Number(pid), start } : undefined;
}

/** Whether an uplink that the registry knows has ended by itself. */
export function uplinkLapsed(saved: Pairs): boolean {
  const uplink = savedUplink(saved);
  return uplink !== undefined && !companionLives(uplink);
}

/** How it stands: `pasta, process 4711`. */
export function uplinkState(uplink: Uplink): string {
  const what = `${uplink.program}, process ${uplink.pid}`;
  return companionLives(uplink) ? what : `${what}: it has ended, and any imgctl set of the image starts it again`;
}
