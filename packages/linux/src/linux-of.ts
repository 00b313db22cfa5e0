import { VimageError, type Substrate } from '@vimage/core';
import { LinuxSubstrate } from './substrate.ts';

/** The Linux substrate, for a component that works only there. EOPNOTSUPP: it is another. */
export function linuxOf(substrate: Substrate): LinuxSubstrate {
  if (substrate instanceof LinuxSubstrate) return substrate;
  if (substrate.name === 'linux') {
    throw new VimageError('EOPNOTSUPP', 'there are two copies of @vimage/linux: one that boots, and one that this component has for itself', {
      subject: '@vimage/linux', hint: 'npm ls @vimage/linux says where; a component names it, and @vimage/core, as peerDependencies',
    });
  }
  throw new VimageError('EOPNOTSUPP', `this component works on Linux, and the substrate is "${substrate.name}"`, { subject: substrate.name });
}
