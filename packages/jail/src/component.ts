import { VimageError, codeOf, defineComponent, type Component, type EntryStep } from '@vimage/core';
import { joinStep, linuxOf } from '@vimage/linux';
import { diskSource } from './conf/disk.ts';
import type { ConfSource } from './conf/types.ts';
import { readJailFile } from './convert/file.ts';
import { impliedPairs } from './implied.ts';
import { giveBack, noteNames } from './journal.ts';
import { checkRaised } from './level.ts';
import { jailParams, type JailParams } from './params.ts';
import { checkPlaces } from './mounts.ts';
import { namesOf, prison0, readSaved, savedPairs, type Prison } from './prison.ts';
import { runHook, tryHook } from './run.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    jail: { readonly instance: Prison; readonly params: JailParams };
  }
}

/** The `jail` component: jail(8) in its own words, built of the other components. */
export const jail: Component<'jail'> = defineComponent<'jail'>({
  name: 'jail',
  interface: 1,
  describe: 'a FreeBSD jail: path, addresses, allow.*, host name, commands at start and stop',
  // As long as its commands take: exec.timeout bounds those.
  patience: Infinity,
  after: ['user', 'fs', 'net', 'proc', 'priv', 'limit'],
  params: jailParams,
  reads: (text, { file, opened }) => readJailFile(text, noted(diskSource(file), opened)),

  root: () => prison0,

  implied: ({ values }) => impliedPairs(values),

  check: ({ values, sees, image }) => {
    for (const name of values.depend ?? []) {
      if (sees(name)) continue;
      throw new VimageError('ESRCH', `"${image.name}" depends on "${name}", and there is no such image`, { subject: 'depend', hint: 'create that one first; in a file, write it before this one' });
    }
  },

  create: async (cx) => {
    const { image, values, parent, scope } = cx;
    const lx = linuxOf(cx.substrate);
    const { securelevel = parent.securelevel } = values;
    checkRaised(securelevel, parent.securelevel, `the jail around it, "${parent.image}"`);
    checkPlaces(values);
    const names = namesOf(values);
    if (names === undefined) return { serial: image.serial, image: image.name, uts: undefined, securelevel };
    const uts = lx.hostname(names.host, names.domain);
    scope.defer(() => { uts.close(); });
    scope.defer(async () => (await lx.pinner()).unpin(image.serial, 'uts'));
    await lx.pin(image.serial, 'uts', uts);
    return { serial: image.serial, image: image.name, uts, securelevel };
  },

  save: savedPairs,

  restore: async (saved, { image, substrate }) => {
    const { uts: ino, securelevel } = readSaved(image, saved);
    const base = { serial: image.serial, image: image.name, securelevel };
    if (ino === undefined) return { ...base, uts: undefined };
    try {
      const uts = await linuxOf(substrate).openPin(image.serial, 'uts', 'uts');
      if (uts.ino === ino) return { ...base, uts };
      uts.close();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    throw new VimageError('ESTALE', `the host name of "${image.name}" is gone: its pin was unmounted`, { subject: image.name, hint: `imgctl destroy ${image.name}` });
  },

  set: async (made, { image, values, before, substrate, scope, stage }) => {
    const { securelevel } = made;
    const level = values.securelevel ?? securelevel;
    checkRaised(level, securelevel, `"${image.name}"`);
    const [old, names] = [namesOf(before), namesOf(values)];
    if ((old === undefined) !== (names === undefined)) {
      throw new VimageError('EROFS', `whether "${image.name}" has a host name of its own is chosen at creation`, { subject: 'host.hostname', hint: 'destroy the image and create it again' });
    }
    if (made.uts !== undefined && names !== undefined && old !== undefined && (names.host !== old.host || names.domain !== old.domain)) {
      const { uts } = made;
      const lx = linuxOf(substrate);
      await noteNames(stage, old);
      scope.defer(async () => {
        lx.hostname(old.host, old.domain, uts).close();
        await noteNames(stage);
      });
      lx.hostname(names.host, names.domain, uts).close();
    }
    scope.defer(() => { made.securelevel = securelevel; });
    made.securelevel = level;
    return { notes: [] };
  },

  remove: async (_made, { stage }) => {
    if ((await stage.journalled('jail')).length > 0) await noteNames(stage);
    return [];
  },

  forget: ({ uts }) => uts?.close(),

  entry: ({ serial, uts }) => {
    if (serial === undefined || uts === undefined) return [];
    const steps: readonly EntryStep[] = [joinStep(serial, 'uts', uts)];
    return steps;
  },

  starting: (cx) => runHook(cx, 'exec.prestart'),

  started: async (_, cx) => {
    await runHook(cx, 'exec.created');
    await runHook(cx, 'exec.start', cx.inside);
    await runHook(cx, 'command', cx.inside);
    await runHook(cx, 'exec.poststart');
  },

  stopping: async (_, cx) => [...(await tryHook(cx, 'exec.prestop')), ...(await tryHook(cx, 'exec.stop', cx.inside))],

  stopped: (cx) => tryHook(cx, 'exec.poststop'),

  giveBack,
});

/** The same files, with somebody told of each. */
function noted(source: ConfSource, opened: (file: string, text: string) => void): ConfSource {
  return {
    file: source.file,
    read: (pattern, from) => {
      const found = source.read(pattern, from);
      for (const { file, text } of found) opened(file, text);
      return found;
    },
  };
}
