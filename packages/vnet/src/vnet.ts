import { VimageError, type Pairs } from '@vimage/core';
import type { Namespace } from '@vimage/linux';
import type { OwnFiles } from './files.ts';
import { valueOf } from './move/journal.ts';
import { Stack } from './stack.ts';
import type { Uplink } from './uplink/uplink.ts';

/** How a stack came to be: the machine's own, made for an image, or one that existed and was adopted. */
export type VnetKind = 'root' | 'own' | 'adopted';

/** What stands in the slot of `net`: a network stack. vnet0 is the one this process stands in. */
export class Vnet {
  readonly kind: VnetKind;
  readonly stack: Stack;
  /** Serial of the image that made it, which names its pin; undefined for vnet0. */
  readonly serial: bigint | undefined;
  /** Where an adopted one was found. */
  readonly path: string | undefined;
  /** Which files of /etc its images have of their own. */
  files: OwnFiles = { resolv: false, hosts: false };

  /** The process that leads out, started at creation; it may have ended. */
  uplink: Uplink | undefined;

  constructor(kind: VnetKind, ns: Namespace, made: { readonly serial?: bigint; readonly path?: string } = {}) {
    this.kind = kind;
    this.stack = new Stack(ns);
    this.serial = made.serial;
    this.path = made.path;
  }

  /** Name of its pin below the pins' root; undefined for vnet0. */
  get pin(): string | undefined {
    return this.serial === undefined ? undefined : `${this.serial}/net`;
  }

  close(): void {
    this.stack.close();
  }
}

/** ESTALE unless the open namespace is the one that was noted. */
export function checkIdentity(ns: Namespace, saved: Pairs, image: string): void {
  const ino = valueOf(saved, 'ino');
  const id = valueOf(saved, 'id');
  const same = id !== undefined && ns.id !== undefined ? String(ns.id) === id : String(ns.ino) === ino;
  if (same) return;
  throw new VimageError('ESTALE', `the network stack of "${image}" is another one than it was made with`, {
    subject: image,
    hint: `somebody has replaced its pin: imgctl destroy ${image}, then create it again`,
  });
}
