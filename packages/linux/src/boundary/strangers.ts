import { prototypeOf, wrap } from './native.ts';
import { warned } from './refused.ts';
import { standing } from './store.ts';

/** Who connected a socket: name of an image; '' for the process itself. */
const connectors = new WeakMap<object, string>();

/** With VIMAGE_INVARIANTS=1 a connection is remembered with who made it. */
export const watching: boolean = process.env['VIMAGE_INVARIANTS'] === '1';

function here(): string {
  const stand = standing();
  return stand === undefined ? '' : stand.threads.imageOf(stand.td)?.image.name ?? '';
}

export function noteConnect(handle: object): void {
  connectors.set(handle, here());
}

/**
 * Tells of a connection that one image made and another uses: of a pool that somebody has made for himself, as they know no images. In
 * a warning, once for each two of them.
 */
export function tellStrangers(): void {
  const proto = prototypeOf('tcp_wrap', 'TCP');
  for (const method of ['writeBuffer', 'writev', 'writeUtf8String', 'writeAsciiString', 'writeLatin1String', 'writeUcs2String']) {
    wrap(proto, method, (native) => function (...args) {
      const made = connectors.get(this);
      const used = made === undefined ? '' : here();
      if (made !== undefined && used !== '' && used !== made) {
        warned(`a connection that ${made === '' ? 'the process itself' : `image "${made}"`} made is used in image "${used}"`, 'a pool keeps connections for whoever asks: make one in each image');
      }
      return Reflect.apply(native, this, args);
    });
  }
}
