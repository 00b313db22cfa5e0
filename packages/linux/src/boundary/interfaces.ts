import { wrap } from './native.ts';
import { standing } from './store.ts';

/** os.networkInterfaces: those of the image. ESRCH, EOPNOTSUPP. */
export function wrapInterfaces(): void {
  wrap(process.getBuiltinModule('node:os'), 'networkInterfaces', (native) => function (...args) {
    const stand = standing();
    const look = (): unknown => Reflect.apply(native, this, args);
    return stand === undefined ? look() : stand.threads.inNet(stand.td, look);
  });
}
