import type { ResolveHook } from 'node:module';
import { resolve as hook } from './hooks.ts';

let given = hook({});

/** Called by Node with the `data` of `module.register`. */
export function initialize(urls: Readonly<Record<string, string>>): void {
  given = hook(urls);
}

export const resolve: ResolveHook = (specifier, context, next) => given(specifier, context, next);
