import { type, type ParamType } from '@vimage/core';
import { hasText, refuse } from './refuse.ts';

/** An interface of the parent, and its name in the image where that is another. */
export interface Move {
  readonly name: string;
  readonly as?: string;
}

/** The name that a moved interface has in the image. */
export function insideName(move: Move): string {
  return move.as ?? move.name;
}

/** `eth1` or `eth1:wan`. EINVAL, ENAMETOOLONG. */
export function moveType(): ParamType<Move> {
  const expected = 'an interface of the parent, NAME or NAME:NEWNAME';
  const ifname = type.ifname();
  return {
    kind: 'ifname[:ifname]',
    expected,
    schema: { type: 'string', pattern: '^[^/:% ]+(:[^/:% ]+)?$' },
    source: 'interface',
    parse(text) {
      const [name = '', as, ...rest] = text.split(':');
      if (name === '' || rest.length > 0) throw refuse(expected, text);
      const old = ifname.parse(name);
      const inside = as === undefined ? old : ifname.parse(as);
      return inside === old ? { name: old } : { name: old, as: inside };
    },
    print: (move) => (move.as === undefined ? move.name : `${move.name}:${move.as}`),
    is: (value): value is Move => hasText(value, 'name'),
  };
}
