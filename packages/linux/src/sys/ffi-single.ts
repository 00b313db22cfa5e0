import { VimageError } from '@vimage/core';

function refuse(): never {
  throw new VimageError('EOPNOTSUPP', 'this program was built without images (vimage-single): it makes no calls of Linux', {
    hint: 'build it without the condition vimage-single, and run it on Linux',
  });
}

/** Calls of native code, of which the single build has none: EOPNOTSUPP. */
export const koffi: { readonly load: () => never; readonly errno: () => never; readonly node: { readonly poll: () => never } } = {
  load: refuse, errno: refuse, node: { poll: refuse },
};
