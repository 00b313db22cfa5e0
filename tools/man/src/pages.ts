import { confPage } from './conf.ts';
import { imgctlPage } from './imgctl.ts';
import { imgexecPage } from './imgexec.ts';
import type { Given } from './parts.ts';

/** The pages by the names of their files. */
export const pages: Readonly<Record<string, (given: Given) => string>> = {
  'imgctl.8': imgctlPage,
  'imgexec.8': imgexecPage,
  'vimage.conf.5': confPage,
};
