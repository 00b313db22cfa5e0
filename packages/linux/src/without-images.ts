import { VimageError } from '@vimage/core';

/** EOPNOTSUPP, of a program that was built with the condition `vimage-single`. `why`: what it has not, where that says more. */
export function none(subject?: string, why = ''): never {
  throw new VimageError('EOPNOTSUPP', `this program was built without images (vimage-single)${why}`, {
    ...(subject === undefined ? {} : { subject }), hint: 'build it without the condition vimage-single, and run it on Linux',
  });
}
