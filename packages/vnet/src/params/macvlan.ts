import { type, type ParamType } from '@vimage/core';
import { hasText, refuse } from './refuse.ts';

const modes = ['bridge', 'private', 'vepa', 'passthru'] as const;

export type MacvlanMode = (typeof modes)[number];

/** The parent's interface under a macvlan, and how the macvlans of that interface see each other (ip-link(8)). */
export interface MacvlanSpec {
  readonly over: string;
  readonly mode: MacvlanMode;
}

/** `eth0` or `eth0/private`; the mode is `bridge` unless given. EINVAL, ENAMETOOLONG. */
export function macvlanType(): ParamType<MacvlanSpec> {
  const expected = `an interface of the parent, NAME or NAME/MODE where MODE is ${modes.join(', ')}`;
  const ifname = type.ifname();
  return {
    kind: 'ifname[/mode]',
    expected,
    schema: { type: 'string', pattern: `^[^/:% ]+(/(${modes.join('|')}))?$` },
    source: 'interface',
    parse(text) {
      const [over = '', word = 'bridge', ...rest] = text.split('/');
      const mode = modes.find((one) => one === word);
      if (mode === undefined || rest.length > 0) throw refuse(expected, text);
      return { over: ifname.parse(over), mode };
    },
    print: (spec) => (spec.mode === 'bridge' ? spec.over : `${spec.over}/${spec.mode}`),
    is: (value): value is MacvlanSpec => hasText(value, 'over') && hasText(value, 'mode'),
  };
}
