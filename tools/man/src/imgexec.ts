import { flags, list, literal, sentence, text, type Item } from './mdoc.ts';
import { page, type Given } from './parts.ts';

/** The options of `imgexec --help`, as it has them: flags, and what they do, which may go on below. */
export function imgexecOptions(help: string): readonly (readonly [string, string])[] {
  return [...help.replace(/\n {22}(?=\S)/g, ' ').matchAll(/^ {2}(-\S.*?) {2,}(\S.*)$/gm)].map(([, written = '', does = '']) => [written, does]);
}

/** imgexec(8). */
export function imgexecPage(given: Given): string {
  const options = imgexecOptions(given.imgexecHelp());
  if (options.length === 0) throw new Error('imgexec --help lists no option');
  return page('imgexec', 8, 'run a command in an image, or on it', given, [
    '.Sh SYNOPSIS',
    '.Nm',
    '.Op Ar options',
    '.Ar name',
    '.Op Fl -',
    '.Ar command',
    '.Op Ar argument ...',
    '.Nm',
    '.Fl -probe',
    '.Nm',
    '.Fl -rootless Ar command Op Ar argument ...',
    '.Sh DESCRIPTION',
    '.Nm',
    'runs',
    '.Ar command',
    'in the image',
    '.Ar name',
    'and exits as it does.',
    'It is the small program by which',
    '.Xr imgctl 8',
    'and the library enter images, and needs neither: what it does is written in the plan of the image, in the registry.',
    'It enters the cgroup of the image, joins the namespaces, after it has made sure that they are those of the plan, enters the mount view, gives up what',
    'the image does not have, and executes.',
    '.Pp',
    'It stays between the terminal and the command: it passes on signals and the size of the terminal.',
    'As',
    '.Nm Cm init',
    'it is process 1 of an image.',
    '.Pp',
    'The options:',
    ...list(options.map(([written, does]): Item => ({ head: flags(written), body: sentence(does) }))),
    '.Sh ENVIRONMENT',
    ...list([
      { head: 'Ev TERM', body: [text('Kept, with PATH as root has it, by --clean-env.')] },
      { head: 'Ev XDG_RUNTIME_DIR', body: ['Where an ordinary user has his registry.', 'Not looked at by root.'] },
    ]),
    '.Sh FILES',
    ...list([
      { head: 'Pa /run/vimage/img/NAME/plan', body: ['How the image is entered.'] },
      { head: 'Pa /run/vimage/mnt', body: ['Where the namespaces are kept that have no process.'] },
    ]),
    '.Sh EXIT STATUS',
    ...list([
      { head: '125', body: ['.Nm', 'itself failed; the command was not run.'] },
      { head: '126', body: ['The command cannot be executed.'] },
      { head: '127', body: ['The command was not found.'] },
      { head: '128+n', body: ['The command was ended by signal n.'] },
      { head: 'other', body: ['That of the command.'] },
    ]),
    '.Sh EXAMPLES',
    'What runs in it:',
    ...literal(['# imgexec web -- ps ax']),
    '.Pp',
    'The',
    '.Xr ip 8',
    'of this machine, its network stack:',
    ...literal(['# imgexec -e web -- ip -br addr']),
    '.Sh DIAGNOSTICS',
    'An error is told on standard error as',
    '.Dl imgexec: CODE: what: which: why',
    'with the code of',
    '.Xr errno 3 .',
    '.Sh SEE ALSO',
    '.Xr nsenter 1 ,',
    '.Xr namespaces 7 ,',
    '.Xr imgctl 8',
  ]);
}
