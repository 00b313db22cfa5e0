import { type, type ParamType } from '@vimage/core';
import { hasText, refuse } from './refuse.ts';

/** A bridge of the image's own stack, and the image's interfaces that are its ports. */
export interface BridgeSpec {
  readonly name: string;
  readonly ports: readonly string[];
}

/** `br0` or `br0=eth0+eth1`. EINVAL, ENAMETOOLONG. */
export function bridgeType(): ParamType<BridgeSpec> {
  const expected = 'a bridge and its ports, BRIDGE or BRIDGE=PORT+PORT';
  const ifname = type.ifname();
  return {
    kind: 'bridge',
    expected,
    schema: { type: 'string', pattern: '^[^= ]+(=[^+ ]+(\\+[^+ ]+)*)?$' },
    parse(text) {
      const [name = '', list, ...rest] = text.split('=');
      if (rest.length > 0) throw refuse(expected, text);
      const ports = list === undefined ? [] : list.split('+').map((port) => ifname.parse(port));
      const twice = ports.find((port, i) => ports.indexOf(port) !== i);
      if (twice !== undefined) throw refuse(expected, text, `"${twice}" is named twice`);
      return { name: ifname.parse(name), ports };
    },
    print: (bridge) => (bridge.ports.length === 0 ? bridge.name : `${bridge.name}=${bridge.ports.join('+')}`),
    is: (value): value is BridgeSpec => hasText(value, 'name') && 'ports' in value && Array.isArray(value.ports),
  };
}
