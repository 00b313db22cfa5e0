import { closeSync, openSync, readSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import { openJoins } from '../crossing.ts';
import type { Named } from '../machine.ts';
import type { Namespace } from '../ns.ts';
import type { Etc } from './dns/files.ts';
import { actingOn } from '../registry/entry.ts';
import type { Bound, Entry, Join } from '../registry/entry.ts';

/** What is asked of the registry. */
export interface PlaceHost {
  /** The file that changes with everything in the registry. */
  readonly generation: string;
  /** What the plan of an image says; undefined once it is removed, or being removed. */
  livePlan(image: Named): Entry | undefined;
  /** Where this process finds the pins. */
  pins(): string;
}

/** What of an image is meant. */
export interface Cover {
  /** As who lives there; else as who acts on it. */
  readonly live: boolean;
  /** Names of components; undefined: all but those that must be asked for. */
  readonly only: readonly string[] | undefined;
}

/** Where a thread goes for what it does on an image. */
export interface Place {
  /** Its network stack; undefined: the one where the process stands. */
  readonly net: Namespace | undefined;
  /** What its programs find under these names in /etc. */
  readonly etc: Etc;
  /** Whether paths are of a file system of its own, which a thread of ours cannot enter. */
  readonly files: boolean;
  /** Whether its processes are in a table of its own. */
  readonly processes: boolean;
  /** What a running Node cannot be put under, by component. */
  readonly bounds: readonly string[];
}

interface Kept extends Place {
  readonly image: Named;
  readonly checked: string;
}

/** Places of images, each for as long as its image lives. Whether it does is asked at every crossing, by one small read. */
export class Places {
  readonly #host: PlaceHost;
  readonly #kept = new Map<string, Kept>();
  readonly #bytes = Buffer.alloc(96);
  #file = -1;

  constructor(host: PlaceHost) {
    this.#host = host;
  }

  /** ESRCH when the image is gone, or going. ESTALE, EMFILE. */
  of(image: Named, cover: Cover): Place {
    const key = `${image.serial} ${coverText(cover)}`;
    const now = this.#generation();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.checked === now) return kept;
    const plan = this.#host.livePlan(image);
    // What was kept of it stays until whoever looks for that tells its owners.
    if (plan === undefined) throw new VimageError('ESRCH', `image "${image.name}" has been removed`, { subject: image.name, hint: 'set another effective image, or start again' });
    const applies = appliesTo(cover);
    const join = plan.joins.find((each) => each.type === 'net' && applies(each));
    const same = kept?.net !== undefined && join !== undefined && kept.net.is(join);
    if (!same) kept?.net?.close();
    const made: Kept = {
      image,
      checked: now,
      net: same ? kept.net : join === undefined ? undefined : this.#open(join),
      etc: { hosts: etcFile(plan, applies, '/etc/hosts'), 'resolv.conf': etcFile(plan, applies, '/etc/resolv.conf') },
      files: plan.roots.some(applies),
      processes: plan.joins.some((each) => each.type === 'pid' && applies(each)),
      bounds: [...new Set(plan.bounds.filter(applies).map(({ component }) => component))],
    };
    this.#kept.set(key, made);
    return made;
  }

  /** Images that have been removed since they were last met. */
  gone(): readonly Named[] {
    const images = new Map([...this.#kept.values()].map(({ image }) => [image.serial, image]));
    return [...images.values()].filter((image) => this.#host.livePlan(image) === undefined);
  }

  /** Lets go of an image's namespaces. */
  forget({ serial }: Named): void {
    for (const [key, { image, net }] of this.#kept) {
      if (image.serial !== serial) continue;
      net?.close();
      this.#kept.delete(key);
    }
  }

  close(): void {
    for (const { net } of this.#kept.values()) net?.close();
    this.#kept.clear();
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  #open(join: Join): Namespace | undefined {
    return openJoins([join], (pin) => `${this.#host.pins()}/${pin}`)[0];
  }

  #generation(): string {
    if (this.#file < 0) this.#file = openSync(this.#host.generation, 'r');
    return this.#bytes.toString('latin1', 0, readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0));
  }
}

/** A cover as a word. */
export function coverText({ live, only }: Cover): string {
  return live ? 'live' : only?.join() ?? 'all';
}

function etcFile({ files }: Entry, applies: (step: Bound) => boolean, path: string): string {
  return files.findLast((each) => each.to === path && applies(each))?.from ?? path;
}

function appliesTo({ live, only }: Cover): (step: Bound) => boolean {
  return live ? ({ mode }) => mode !== 'effective' : actingOn(only);
}
