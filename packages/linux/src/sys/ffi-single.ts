import { none } from '../without-images.ts';

const refuse = (): never => none(undefined, ': it makes no calls of Linux');

/** Calls of native code, of which the single build has none: EOPNOTSUPP. */
export const koffi: { readonly load: () => never; readonly errno: () => never; readonly node: { readonly poll: () => never } } = {
  load: refuse, errno: refuse, node: { poll: refuse },
};
