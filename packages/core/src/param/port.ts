import { VimageError } from '../errors.ts';
import { addressType } from './address.ts';
import { quote, unexpected } from './text.ts';
import type { ParamType } from './type.ts';

/** `[ADDRESS:]PORT:PORT[/PROTOCOL]`: a port outside, and the image's port that it leads to. */
export interface PortMap {
  /** Address outside; absent: all. */
  readonly address?: string;
  /** Port outside, 1 to 65535. */
  readonly host: number;
  /** Port in the image, 1 to 65535. */
  readonly image: number;
  readonly protocol: 'tcp' | 'udp';
}

function isPortMap(value: unknown): value is PortMap {
  return typeof value === 'object' && value !== null && 'host' in value && typeof value.host === 'number'
    && 'image' in value && typeof value.image === 'number' && 'protocol' in value && (value.protocol === 'tcp' || value.protocol === 'udp')
    && (!('address' in value) || value.address === undefined || typeof value.address === 'string');
}

/** A port map: `8080:80`, `127.0.0.1:8080:80/tcp`, `[::1]:5353:53/udp`; tcp unless given. EINVAL, ERANGE. */
export function portMapType(): ParamType<PortMap> {
  const expected = 'a port map [ADDRESS:]PORT:PORT[/tcp|/udp], such as 8080:80';
  const address = addressType();
  const port = (digits: string, text: string): number => {
    const value = Number(digits);
    if (!(value >= 1 && value <= 65535)) throw new VimageError('ERANGE', `expected ${expected}, not ${quote(text)}: a port is 1 to 65535`);
    return value;
  };
  return {
    kind: 'portmap',
    expected,
    schema: { type: 'string', pattern: '^(.+:)?[0-9]+:[0-9]+(/(tcp|udp))?$' },
    parse(text) {
      const match = /^(?:(\[[^[\]]*\]|[^:[\]]*):)?([0-9]{1,8}):([0-9]{1,8})(?:\/(tcp|udp))?$/.exec(text);
      const [, outer, host, image, protocol] = match ?? [];
      if (host === undefined || image === undefined) {
        throw unexpected(expected, text, /^[^[]*:.*:.*:/.test(text) ? 'write an IPv6 address in brackets: [::1]:8080:80' : undefined);
      }
      const bracketed = outer?.startsWith('[') ?? false;
      const number = outer === undefined ? undefined : address.parse(bracketed ? outer.slice(1, -1) : outer);
      if (number !== undefined && bracketed !== number.includes(':')) throw unexpected(expected, text, 'brackets are for IPv6 addresses');
      return {
        ...(number === undefined ? {} : { address: number }),
        host: port(host, text),
        image: port(image, text),
        protocol: protocol === 'udp' ? 'udp' : 'tcp',
      };
    },
    print(value) {
      const outer = value.address === undefined ? '' : value.address.includes(':') ? `[${value.address}]:` : `${value.address}:`;
      return `${outer}${value.host}:${value.image}/${value.protocol}`;
    },
    is: isPortMap,
  };
}
