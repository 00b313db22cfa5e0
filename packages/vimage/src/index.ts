import type { AnyComponent } from '@vimage/core';
import { jail } from '@vimage/jail';
import { vfs } from '@vimage/vfs';
import { ipc } from '@vimage/vipc';
import { vlimit } from '@vimage/vlimit';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { time } from '@vimage/vtime';
import { vuser } from '@vimage/vuser';

export * from '@vimage/core';
export { linux } from '@vimage/linux';
export { ipc, jail, time, vfs, vlimit, vnet, vpriv, vproc, vuser };

/** All of them: `boot({ substrate: linux(), components })`. */
export const components: readonly AnyComponent[] = [vuser, vfs, vnet, vproc, vpriv, ipc, time, vlimit, jail];
