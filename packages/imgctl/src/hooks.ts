import type { ResolveFnOutput, ResolveHookContext } from 'node:module';

type Next<R> = (specifier: string, context?: Partial<ResolveHookContext>) => R;
type Resolve = <R>(specifier: string, context: ResolveHookContext, next: Next<R>) => R | ResolveFnOutput;

/** A hook of module resolution for which these names mean these files, whoever asks. */
export function resolve(urls: Readonly<Record<string, string>>): Resolve {
  return (specifier, context, next) => {
    const url = Object.hasOwn(urls, specifier) ? urls[specifier] : undefined;
    return url === undefined ? next(specifier, context) : { url, format: 'module', shortCircuit: true };
  };
}
