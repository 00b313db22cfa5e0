import { VimageError } from '../errors.ts';
import { checkTable } from '../param/table.ts';
import { interfaceVersion, type AnyComponent } from './component.ts';

/** Methods that a component has only where there is something to say. */
const optional = [
  'implied', 'check', 'lapsed', 'set', 'get', 'remove', 'forget', 'once', 'holders', 'starting', 'started', 'stopping', 'stopped', 'giveBack', 'reads',
] as const satisfies readonly (keyof AnyComponent)[];

/** What a component says of itself, before anything of it is called. EOPNOTSUPP: it wants another interface; EINVAL. */
export function checkDeclaration(component: AnyComponent): void {
  const given: unknown = component;
  if (typeof given !== 'object' || given === null) {
    throw new VimageError('EINVAL', `expected a component, not ${String(given)}`, { subject: String(given), hint: 'does its package export it by the name that is imported?' });
  }
  if (!/^[a-z][a-z0-9]{0,15}$/.test(component.name)) {
    throw new VimageError('EINVAL', `"${component.name}" is no component name: expected 1 to 16 small letters and digits`, { subject: component.name });
  }
  if (component.interface !== interfaceVersion) {
    throw new VimageError('EOPNOTSUPP', `component "${component.name}" wants interface ${component.interface}, this kernel has ${interfaceVersion}`, {
      subject: component.name,
      hint: 'install versions of the component and of @vimage/core that go together',
    });
  }
  const { name, describe, requires = [], after = [], patience = 0, unshared = '-', example = [] } = component;
  const wrong = (what: string): VimageError => new VimageError('EINVAL', `component "${name}": ${what}`, { subject: name });
  if (typeof describe !== 'string' || describe === '' || /\p{Cc}/u.test(describe)) throw wrong('expected a description of one line');
  if (![requires, after].every((list) => Array.isArray(list) && list.every((each) => typeof each === 'string'))) throw wrong('requires and after are lists of names');
  if (typeof patience !== 'number' || !(patience >= 0)) throw wrong('patience is a number of seconds');
  if (typeof unshared !== 'string' || unshared === '' || /\p{Cc}/u.test(unshared)) throw wrong('unshared is one line that says why');
  checkTable(name, component.params);
  if (!Array.isArray(example) || !example.every((pair: unknown) => Array.isArray(pair) && pair.length === 2 && Object.hasOwn(component.params, String(pair[0])) && typeof pair[1] === 'string')) {
    throw wrong('example is a list of pairs of its parameters');
  }
  for (const method of ['root', 'create', 'save', 'restore', 'entry'] as const) {
    if (typeof component[method] !== 'function') {
      throw new VimageError('EINVAL', `component "${component.name}" has no ${method}()`, { subject: component.name });
    }
  }
  for (const method of optional) {
    if (component[method] !== undefined && typeof component[method] !== 'function') throw wrong(`${method} is no function`);
  }
  const changed = Object.entries(component.params).find(([, { access }]) => access === 'rw');
  if (changed !== undefined && component.set === undefined) throw wrong(`parameter "${changed[0]}" has access "rw", and there is no set() to change it`);
}
