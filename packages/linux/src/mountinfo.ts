import { readFileSync } from 'node:fs';

/** One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)), as much as we use. */
export interface Mount {
  readonly id: string;
  readonly dev: string;
  /** The part of the file system that is mounted; `net:[4026531840]` for a namespace. */
  readonly root: string;
  readonly at: string;
  readonly type: string;
  readonly options: readonly string[];
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

export function parseMounts(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [front = '', back = ''] = line.split(' - ');
    const [id, , dev, root, at] = front.split(' ');
    const [type = '', , options = ''] = back.split(' ');
    if (id === undefined || dev === undefined || root === undefined || at === undefined) continue;
    mounts.push({ id, dev, root: unescape(root), at: unescape(at), type, options: options.split(',') });
  }
  return mounts;
}

/** The mounts that this thread sees. */
export function ownMounts(): readonly Mount[] {
  return parseMounts(readFileSync('/proc/thread-self/mountinfo', 'utf8'));
}
