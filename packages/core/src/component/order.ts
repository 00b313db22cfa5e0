import { VimageError } from '../errors.ts';
import type { AnyComponent } from './component.ts';
import { checkDeclaration } from './declared.ts';

/**
 * Components in the order an image meets them: each after what it requires and what its `after` names, otherwise as registered.
 * EEXIST, ENOENT, ELOOP or EOPNOTSUPP name the component that cannot be registered.
 */
export function componentOrder(components: readonly AnyComponent[]): readonly AnyComponent[] {
  const byName = new Map<string, AnyComponent>();
  for (const component of components) {
    checkDeclaration(component);
    if (byName.has(component.name)) {
      throw new VimageError('EEXIST', `component "${component.name}" is registered twice`, {
        subject: component.name,
        hint: 'pass each component to boot() once',
      });
    }
    byName.set(component.name, component);
  }
  const ordered: AnyComponent[] = [];
  const done = new Set<string>();
  const visit = (component: AnyComponent, trail: readonly string[]): void => {
    if (done.has(component.name)) return;
    if (trail.includes(component.name)) {
      const circle = [...trail.slice(trail.indexOf(component.name)), component.name].join(' → ');
      throw new VimageError('ELOOP', `components come after each other in a circle: ${circle}`, { subject: component.name });
    }
    for (const name of component.requires ?? []) {
      const required = byName.get(name);
      if (required === undefined) throw notThere(component, name);
      visit(required, [...trail, component.name]);
    }
    for (const name of component.after ?? []) {
      const earlier = byName.get(name);
      if (earlier !== undefined) visit(earlier, [...trail, component.name]);
    }
    done.add(component.name);
    ordered.push(component);
  };
  for (const component of components) visit(component, []);
  return ordered;
}

/** Components that can be registered together; and, of the others, why not: each requires one that is not there (ENOENT), or comes after itself (ELOOP). */
export function registrable(components: readonly AnyComponent[]): { readonly fit: readonly AnyComponent[]; readonly unfit: readonly VimageError[] } {
  const unfit: VimageError[] = [];
  let fit = components;
  for (;;) {
    const byName = new Map(fit.map((component) => [component.name, component]));
    const obstacles = new Map(fit.map((component) => [component, obstacle(component, byName)]));
    const next = fit.filter((component) => obstacles.get(component) === undefined);
    if (next.length === fit.length) return { fit, unfit };
    unfit.push(...[...obstacles.values()].filter((each) => each !== undefined));
    fit = next;
  }
}

function obstacle(component: AnyComponent, byName: ReadonlyMap<string, AnyComponent>): VimageError | undefined {
  const missing = component.requires?.find((name) => !byName.has(name));
  if (missing !== undefined) return notThere(component, missing);
  const reached = new Set<string>();
  const follow = ({ requires = [], after = [] }: AnyComponent): void => {
    for (const name of [...requires, ...after]) {
      const next = byName.get(name);
      if (next === undefined || reached.has(name)) continue;
      reached.add(name);
      follow(next);
    }
  };
  follow(component);
  return reached.has(component.name) ? new VimageError('ELOOP', `component "${component.name}" comes after itself`, { subject: component.name }) : undefined;
}

function notThere({ name }: AnyComponent, required: string): VimageError {
  return new VimageError('ENOENT', `component "${name}" requires "${required}", which is not registered`, {
    subject: required,
    hint: `install the package of "${required}" and register it beside "${name}"`,
  });
}
