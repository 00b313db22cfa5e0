import { VimageError } from '@vimage/core';
import { needRights } from '@vimage/linux';

/** Why no images can be made here; undefined: they can. For `describe.skipIf(missing !== undefined)`. */
export const missing: string | undefined = why();

function why(): string | undefined {
  try {
    needRights();
    return undefined;
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    return [error.message, error.hint].filter((part) => part !== undefined).join('; ');
  }
}
