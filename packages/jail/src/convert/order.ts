import { VimageError } from '@vimage/core';
import type { ConfJail } from '../conf/types.ts';

function dependOf(jail: ConfJail): readonly string[] {
  return jail.params.find(({ name }) => name === 'depend')?.values ?? [];
}

/**
 * Jails with those first that others depend on, and a jail before those inside it, which are made right after it: what they depend on comes before
 * both. Else as in the file. ELOOP: they depend on each other.
 */
export function inOrder(jails: readonly ConfJail[]): readonly ConfJail[] {
  const byName = new Map(jails.map((jail) => [jail.name, jail]));
  const done = new Set<string>();
  const ordered: ConfJail[] = [];
  const visit = (jail: ConfJail, trail: readonly string[]): void => {
    if (done.has(jail.name)) return;
    const depend = jail.params.find(({ name }) => name === 'depend');
    if (trail.includes(jail.name)) {
      const circle = [...trail.slice(trail.indexOf(jail.name)), jail.name].join(' → ');
      throw new VimageError('ELOOP', `jails depend on each other in a circle: ${circle}`, { subject: jail.name, ...(depend === undefined ? {} : { place: depend.place }) });
    }
    const parent = jail.name.slice(0, Math.max(0, jail.name.lastIndexOf('.')));
    const within = jails.filter(({ name }) => name.startsWith(`${jail.name}.`)).flatMap(dependOf);
    for (const name of [parent, ...dependOf(jail), ...within.filter((each) => each !== jail.name && !each.startsWith(`${jail.name}.`))]) {
      const earlier = byName.get(name);
      if (earlier !== undefined) visit(earlier, [...trail, jail.name]);
    }
    done.add(jail.name);
    ordered.push(jail);
  };
  for (const jail of jails) visit(jail, []);
  return ordered;
}
