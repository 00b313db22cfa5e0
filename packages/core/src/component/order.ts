import { VimageError } from '../errors.ts';
import { checkTable } from '../param/table.ts';
import { interfaceVersion, type AnyComponent } from './component.ts';

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
      if (required === undefined) {
        throw new VimageError('ENOENT', `component "${component.name}" requires "${name}", which is not registered`, {
          subject: name,
          hint: `install the package of "${name}" and register it beside "${component.name}"`,
        });
      }
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

function checkDeclaration(component: AnyComponent): void {
  if (!/^[a-z][a-z0-9]{0,15}$/.test(component.name)) {
    throw new VimageError('EINVAL', `"${component.name}" is no component name: expected 1 to 16 small letters and digits`, { subject: component.name });
  }
  if (component.interface !== interfaceVersion) {
    throw new VimageError('EOPNOTSUPP', `component "${component.name}" wants interface ${component.interface}, this kernel has ${interfaceVersion}`, {
      subject: component.name,
      hint: 'install versions of the component and of @vimage/core that go together',
    });
  }
  checkTable(component.name, component.params);
  for (const method of ['root', 'create', 'save', 'restore', 'entry'] as const) {
    if (typeof component[method] !== 'function') {
      throw new VimageError('EINVAL', `component "${component.name}" has no ${method}()`, { subject: component.name });
    }
  }
}
