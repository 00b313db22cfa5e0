import { VimageError, codeOf, type Pairs } from '@vimage/core';
import { identityPairs } from '@vimage/linux';
import type { Link } from '@vimage/netlink';
import { parentHas } from '../change/devices.ts';
import type { Job } from '../change/job.ts';
import { insideName, moveType, type Move } from '../params/move.ts';
import type { Vnet } from '../vnet.ts';
import { refused } from '../words.ts';
import { give, type Places } from './give.ts';
import { initStack } from './init.ts';
import { parseSnapshot, printSnapshot, valueOf } from './journal.ts';
import { isPhysical, snapshot, type Snapshot } from './snapshot.ts';
import { moveRadio } from './radio.ts';

/** Moves an interface of the parent in: first all that it loses is written down, so that it can be given back whatever happens. */
export async function takeMove(job: Job, move: Move): Promise<void> {
  const from = job.parent.stack;
  const as = insideName(move);
  const link = from.nl.linkFind(move.name);
  if (link === undefined) {
    throw new VimageError('ENODEV', `if: there is no interface "${move.name}" in the parent`, { subject: move.name, hint: parentHas(job) });
  }
  if (link.loopback) throw new VimageError('EINVAL', `if: "${move.name}" is the parent's loopback, which cannot move`, { subject: move.name });
  job.work.send();
  job.links.refresh();
  job.links.absent(as, 'if');
  const was = snapshot(from, link, as);
  await job.stage.journal('net', entryOf(was, job.parent));
  carry(job, link, as, move);
  job.scope.defer(() => void give(was, placesOf(job, was)));
  job.links.refresh();
}

function carry(job: Job, link: Link, as: string, move: Move): void {
  const from = job.parent.stack;
  const subject = moveType().print(move);
  if (moveRadio(from, job.own, link, as)) return;
  if (link.netnsImmutable === true) throw immutable(subject);
  try {
    from.nl.linkSet(link.index, { netns: job.own.ns.fd, ...(as === link.name ? {} : { name: as }) });
  } catch (error) {
    if (codeOf(error) === 'EINVAL' && (link.netnsImmutable === undefined || /immutable|local/i.test(String(error)))) throw immutable(subject, error);
    throw refused(error, { param: 'if', subject, hints: { EEXIST: 'the image has an interface of that name, or of one of its alternative names' } });
  }
}

function immutable(subject: string, cause?: unknown): VimageError {
  return new VimageError('EINVAL', `if ${subject}: the interface is netns-immutable, it cannot leave the stack it is in`, {
    subject,
    hint: 'such are bridges, tunnels and loopbacks of some kinds: make a veth or macvlan instead',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Gives back an interface that the image does not name any more. */
export async function giveBackMove(job: Job, move: Move): Promise<void> {
  const entries = await job.stage.journalled('net');
  const mine = entries.filter((entry) => isMove(entry) && moveOf(entry).name === move.name && moveOf(entry).as === insideName(move));
  for (const entry of mine) {
    const was = moveOf(entry);
    job.links.drop(was.as);
    job.notes.push(...give(was, placesOf(job, was)).filter((line) => !line.endsWith(': given back')));
    await job.stage.settle('net', entries.filter((other) => !mine.includes(other)));
    job.scope.defer(async () => {
      await job.stage.settle('net', entries);
      carry(job, job.parent.stack.nl.linkGet(move.name), was.as, move);
    });
  }
  job.links.refresh();
}

function placesOf(job: Job, was: Snapshot): Places {
  return { own: job.own, parent: job.parent.stack, init: isPhysical(was) ? initStack() : undefined };
}

/** What the journal notes of an interface that was moved. */
export function entryOf(was: Snapshot, parent: Vnet): Pairs {
  return [
    ['act', 'if'],
    ['parent', parent.serial === undefined ? 'root' : String(parent.serial)],
    ...identityPairs(parent.stack.ns),
    ['state', printSnapshot(was)],
  ];
}

/** Whether a journal entry is of an interface that was moved. */
export function isMove(entry: Pairs): boolean {
  return valueOf(entry, 'act') === 'if';
}

/** Reads the entry's interface. EBADMSG. */
export function moveOf(entry: Pairs): Snapshot {
  return parseSnapshot(valueOf(entry, 'state') ?? '');
}
