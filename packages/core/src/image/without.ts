import { VimageError } from '../errors.ts';

/** What the single build says where an image would be made or changed. */
export function withoutImages(subject: string): VimageError {
  return new VimageError('EOPNOTSUPP', 'this program was built without images (vimage-single)', {
    subject, hint: 'build it without the condition vimage-single, and run it on Linux',
  });
}
