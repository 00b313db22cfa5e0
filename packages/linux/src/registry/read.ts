import { readdirSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import type { DamagedImage, ImageState, StoredImage } from '@vimage/core';
import { asSysError } from '../sys/error.ts';
import { ifThere, readOwn } from '../sys/file.ts';
import { decodePlan, storedImage } from './entry.ts';
import type { Entry } from './entry.ts';
import { isSegment } from './paths.ts';
import type { Layout } from './paths.ts';

/** One image as the registry has it. */
export interface Found {
  readonly dir: string;
  readonly entry: Entry;
  readonly stored: StoredImage;
}

export interface Contents {
  /** Parents before their children. */
  readonly images: readonly Found[];
  readonly damaged: readonly DamagedImage[];
  /** Directories of images being made, or of which a removal that was cut short left something. */
  readonly staged: readonly Staged[];
}

export interface Staged {
  readonly dir: string;
  readonly serial: bigint;
}

/** The file that an image has while it is being removed: imgexec finds no plan, so that nothing new can enter. */
export const removingPlan = 'plan.removing';

/** Of an image that was made, and whose start has not come to its end. */
export const startingMark = 'starting';

/** Files of an image that has none, or no more. */
const remains = new Set(['lock', 'owner', 'img', startingMark]);

/** Reads the image in a directory; undefined when there is none in it. EBADMSG, EPERM, ENOENT: it is damaged. */
export function readImage(dir: string, dying: boolean): Found | undefined {
  const files = ifThere(() => readdirSync(dir));
  if (files === undefined || files.every((file) => remains.has(file))) return undefined;
  const live = files.includes('plan');
  // The plan goes first: what a removal that was cut short leaves is nobody's.
  if (dying && !live && !files.includes(removingPlan)) return undefined;
  const state: ImageState = dying ? 'dying' : live ? 'live' : 'removing';
  const planPath = `${dir}/${live ? 'plan' : removingPlan}`;
  const entry = decodePlan(readOwn(planPath), planPath);
  const edited = `pairs.~${entry.edit}`;
  const pairsPath = `${dir}/${files.includes(edited) ? edited : 'pairs'}`;
  const stored = storedImage(entry, readOwn(pairsPath), state, pairsPath);
  return { dir, entry, stored: files.includes(startingMark) ? { ...stored, starting: true } : stored };
}

/** Reads all; what cannot be read is reported, and hides only itself and its children. */
export function readAll(layout: Layout): Contents {
  const images: Found[] = [];
  const damaged: DamagedImage[] = [];
  const staged: Staged[] = [];
  const level = (parent: string): void => {
    const at = layout.children(parent);
    for (const item of ifThere(() => readdirSync(at, { withFileTypes: true })) ?? []) {
      const serial = /^\.new-(\d+)$/.exec(item.name)?.[1];
      if (serial !== undefined) staged.push({ dir: `${at}/${item.name}`, serial: BigInt(serial) });
      if (item.name.startsWith('.')) continue;
      const name = parent === '' ? item.name : `${parent}.${item.name}`;
      try {
        if (!isSegment(item.name) || !item.isDirectory()) throw stranger(`${at}/${item.name}`);
        const found = readImage(`${at}/${item.name}`, false);
        if (found !== undefined && found.stored.name !== name) throw misplaced(found, name);
        if (found !== undefined) images.push(found);
        level(name);
      } catch (error) {
        damaged.push(damageOf(name, error, `${at}/${item.name}`));
      }
    }
  };
  level('');
  for (const serial of ifThere(() => readdirSync(layout.dyings)) ?? []) {
    const dir = `${layout.dyings}/${serial}`;
    try {
      if (!/^\d+$/.test(serial)) throw stranger(dir);
      const found = readImage(dir, true);
      if (found !== undefined && String(found.stored.serial) !== serial) throw misplaced(found, serial);
      if (found !== undefined) images.push(found);
      else staged.push({ dir, serial: BigInt(serial) });
    } catch (error) {
      damaged.push(damageOf(`dying/${serial}`, error, dir));
    }
  }
  return { images, damaged, staged };
}

/** It stands where an image should, and is none, or another. */
class Foreign extends VimageError {}

function damageOf(name: string, error: unknown, path: string): DamagedImage {
  const known = asSysError(error, path);
  if (!(known instanceof VimageError)) throw known;
  return known instanceof Foreign ? { name, error: known, foreign: true } : { name, error: known };
}

function stranger(path: string): VimageError {
  return new Foreign('EBADMSG', `${path}: not the directory of an image`, { subject: path, hint: 'it was not made by vimage: move it away' });
}

function misplaced(found: Found, place: string): VimageError {
  return new Foreign('EBADMSG', `${found.dir}: it holds "${found.stored.name}" and stands where "${place}" should`, {
    subject: found.dir, hint: 'move the directory back to where it was',
  });
}
