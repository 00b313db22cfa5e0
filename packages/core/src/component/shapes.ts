import { own } from '../pairs/parse.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { AnyComponent } from './component.ts';

/** What a method of a component has to give: in words, and how that is told. */
export type Shape = readonly [what: string, holds: (value: unknown) => boolean];

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
const isPairs = (value: unknown): value is Pairs => Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isSteps = (value: unknown): boolean => Array.isArray(value) && value.every((step) => isObject(step) && 'verb' in step && isText(step.verb) && 'args' in step && isPairs(step.args));

export const nothing: Shape = ['nothing, at once,', (value) => value === undefined];
export const anything: Shape = ['', () => true];
export const instance: Shape = ['an instance', (value) => isObject(value) && !('then' in value)];
/** Keys of what the kernel itself adds to what is saved. */
export const saved: Shape = ['pairs of texts (no key empty, none of "vimage.")', (value) => isPairs(value) && value.every(([key]) => key !== '' && !key.startsWith('vimage.'))];
export const texts: Shape = ['lines of text', (value) => Array.isArray(value) && value.every(isText)];
export const steps: Shape = ['steps', isSteps];
export const holders: Shape = ['holders', (value) => Array.isArray(value) && value.every((each) => isObject(each) && 'kind' in each && 'detail' in each)];
export const report: Shape = ['a report with notes', (value) => value === undefined || (isObject(value) && 'notes' in value && texts[1](value.notes))];
export const once: Shape = ['steps', (value) => value === undefined || (isObject(value) && 'steps' in value && isSteps(value.steps))];

/** Sections of others, each once, and no pair that belongs to none. */
export function bringing({ name }: AnyComponent): Shape {
  return ['sections of other components, each once,', (value) => {
    if (!isPairs(value)) return false;
    const names = value.flatMap(([key, word]) => (key === 'vir' ? [word] : []));
    return (value.length === 0 || value[0]?.[0] === 'vir') && new Set(names).size === names.length && !names.includes(name);
  }];
}

/** What is only shown: `create`, given what `get` says, would make something of any other key. */
export function shown({ params }: AnyComponent): Shape {
  return ['pairs of parameters with access "ro"', (value) => isPairs(value) && value.every(([key]) => own(params, key)?.access === 'ro')];
}
