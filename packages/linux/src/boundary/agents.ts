import { wrap } from './native.ts';
import { standAt, standNowhere, standing } from './store.ts';
import type { Stand } from './store.ts';

/** In the options of a request, as the agent keeps them: where it was asked. */
const key = Symbol('vimage.stand');

interface Asked {
  readonly stand: Stand | undefined;
}

function askedIn(options: unknown): Asked | undefined {
  if (typeof options !== 'object' || options === null) return undefined;
  const found: unknown = Reflect.get(options, key);
  return isAsked(found) ? found : undefined;
}

function isAsked(value: unknown): value is Asked {
  return typeof value === 'object' && value !== null && 'stand' in value;
}

/**
 * Agents of node:http and node:https: a kept connection is reused by its own image only, and one that is made for a request that waited
 * is made where that was asked, whoever has just given up another.
 */
export function wrapAgents(): void {
  // Loaded when it is needed: most programs of ours never are.
  const proto: object = process.getBuiltinModule('node:http').Agent.prototype;
  wrap(proto, 'addRequest', (native) => function (request, options, ...rest) {
    const stand = standing();
    const given = typeof options === 'string' ? { host: options, port: rest[0], localAddress: rest[1] } : options;
    return Reflect.apply(native, this, [request, typeof given === 'object' ? { ...given, [key]: { stand } } : given]);
  });
  wrap(proto, 'getName', (native) => function (options) {
    const { stand } = askedIn(options) ?? { stand: standing() };
    const name: unknown = Reflect.apply(native, this, [options]);
    const of = stand?.threads.keyOf(stand.td);
    return of === undefined ? name : `${String(name)}:vimage ${of}`;
  });
  wrap(proto, 'createSocket', (native) => function (...args) {
    const asked = askedIn(args[1]);
    const make = (): unknown => Reflect.apply(native, this, args);
    if (asked === undefined) return make();
    return asked.stand === undefined ? standNowhere(make) : standAt(asked.stand, make);
  });
}
