import { VimageError } from '../errors.ts';
import { interfaceVersion, type AnyComponent } from './component.ts';

/** A component that wants another interface: EOPNOTSUPP. Of its parameters and methods the single build uses `root` alone. */
export function checkDeclaration({ name, interface: wanted }: AnyComponent): void {
  if (wanted !== interfaceVersion) throw new VimageError('EOPNOTSUPP', `component "${name}" wants interface ${wanted}, this kernel has ${interfaceVersion}`, { subject: name });
}
