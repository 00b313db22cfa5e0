import { type, type ParamType } from '@vimage/core';
import { hasText, refuse } from './refuse.ts';

/**
 * Where the other end of a veth pair stands: in the parent's stack or in another visible image's, there perhaps as the
 * port of a bridge. Without `name` the other end's name is chosen.
 */
export interface VethEnd {
  /** `parent`, or the image's name. */
  readonly image: string;
  readonly bridge?: string;
  readonly name?: string;
}

/** The word for the stack that the image would have inherited. */
export const PARENT = 'parent';

/**
 * `parent`, `parent:web0`, `bridge:br0`, `bridge:br0:web0`, `IMAGE:eth1`, `IMAGE/br0`, `IMAGE/br0:web0`.
 * The words `parent` and `bridge` are taken: no image of that name can be meant here. EINVAL, ENAMETOOLONG.
 */
export function vethType(): ParamType<VethEnd> {
  const expected = 'parent[:NAME], bridge:BRIDGE[:NAME], IMAGE[:NAME] or IMAGE/BRIDGE[:NAME]';
  const ifname = type.ifname();
  const image = type.image();
  return {
    kind: 'veth-end',
    expected,
    schema: { type: 'string', pattern: '^[^ ]+$' },
    candidates: ['parent', 'bridge:'],
    source: 'image',
    parse(text) {
      const [head = '', ...names] = text.split(':');
      const inBridge = head === 'bridge';
      const [where = '', over, ...more] = inBridge ? [PARENT, names.shift() ?? ''] : head.split('/');
      if (names.length > 1 || more.length > 0) throw refuse(expected, text);
      const [name] = names;
      return {
        image: image.parse(where),
        ...(over === undefined ? {} : { bridge: ifname.parse(over) }),
        ...(name === undefined ? {} : { name: ifname.parse(name) }),
      };
    },
    print(end) {
      const where = end.bridge === undefined ? end.image : end.image === PARENT ? `bridge:${end.bridge}` : `${end.image}/${end.bridge}`;
      return end.name === undefined ? where : `${where}:${end.name}`;
    },
    is: (value): value is VethEnd => hasText(value, 'image'),
  };
}
