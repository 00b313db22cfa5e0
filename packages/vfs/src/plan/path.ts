/** The names of an absolute path; none for the root. */
export function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '');
}

export function join(dir: string, ...names: readonly string[]): string {
  return names.length === 0 ? dir : `${dir === '/' ? '' : dir}/${names.join('/')}`;
}

/** Whether `path` is `dir` or below it. */
export function isIn(path: string, dir: string): boolean {
  return dir === '/' || path === dir || path.startsWith(`${dir}/`);
}

/** What of `path`, which is in `dir`, comes after it: empty, or with a slash before it. */
export function after(path: string, dir: string): string {
  return dir === '/' ? (path === '/' ? '' : path) : path.slice(dir.length);
}

export function dirOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
