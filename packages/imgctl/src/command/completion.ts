import { VimageError } from '@vimage/core';
import { scripts } from '../complete/scripts.ts';
import type { CommandSpec } from '../spec.ts';

export const completion: CommandSpec = {
  usage: ['<shell>'],
  operands: ['shell'],
  about: 'Completes commands, options, images, components, parameter names and their values.',
  examples: () => [
    { line: 'completion bash > /etc/bash_completion.d/imgctl', does: 'for bash; or: source <(imgctl completion bash)' },
    { line: 'completion zsh > "${fpath[1]}/_imgctl"', does: 'for zsh, then start a new shell' },
    { line: 'completion fish > ~/.config/fish/completions/imgctl.fish', does: 'for fish' },
  ],
  async run(cx, { operands }) {
    const [shell = ''] = operands;
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined) {
      throw new VimageError('EUSAGE', `no completion for the shell "${shell}"`, { subject: shell, hint: `there is: ${Object.keys(scripts).join(', ')}` });
    }
    cx.result({ shell, script }, () => [script.trimEnd()]);
  },
};
