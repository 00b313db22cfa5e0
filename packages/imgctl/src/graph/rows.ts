import { instanceText, isOutside, type GraphImage, type Instance } from './model.ts';

/** A line in an image's box. */
export interface Row {
  /** `rest`: what is inherited from outside, in few words. */
  readonly kind: 'own' | 'share' | 'inherit' | 'rest' | 'note';
  /** Component, where the row is of one. */
  readonly component: string;
  readonly text: string;
  /** What an arrow leads to; undefined: none is drawn. */
  readonly instance: Instance | undefined;
}

/** What a box has: a row for each slot; `all`: also for each of those that are inherited from outside, which else have one together. */
export function rowsOf(image: GraphImage, all: boolean): readonly Row[] {
  if (image.state === 'damaged') return [note(image.error ?? 'its entry cannot be read')];
  if (image.state === 'dying' && image.slots.length === 0) return [note('removed, but still referred to')];
  const outside = image.slots.filter(({ kind, instance }) => kind === 'inherit' && isOutside(instance));
  const rows = image.slots.filter((slot) => all || !outside.includes(slot)).map(({ kind, instance }): Row => ({
    kind,
    component: instance.component,
    text: kind === 'own' ? 'own' : `${kind === 'share' ? 'shared with' : 'inherited from'} ${ownerText(instance)}`,
    instance: kind === 'inherit' && isOutside(instance) ? undefined : instance,
  }));
  if (all) return rows;
  const owners = [...new Set(outside.map(({ instance }) => instance.owner))];
  return [...rows, ...owners.map((owner): Row => {
    const components = outside.filter(({ instance }) => instance.owner === owner).map(({ instance }) => instance.component);
    return { kind: 'rest', component: '', text: `of ${owner}: ${components.join(' ')}`, instance: undefined };
  })];
}

function note(text: string): Row {
  return { kind: 'note', component: '', text, instance: undefined };
}

function ownerText(instance: Instance): string {
  return instanceText(instance).slice(instance.component.length + ' of '.length);
}

/** The name of an image, and, where it is not as it should be, in a word how it is. */
export function titleOf({ name, state }: GraphImage, between: string): string {
  return state === 'live' ? name : `${name}${between}${state}`;
}
