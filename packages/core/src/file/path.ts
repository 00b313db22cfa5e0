/** The path of an included file, as written in `from`: relative to its directory, with "." and ".." resolved as text. */
export function includePath(from: string | undefined, path: string): string {
  const base = from === undefined ? '' : from.slice(0, from.lastIndexOf('/') + 1);
  const whole = path.startsWith('/') ? path : base + path;
  const kept: string[] = [];
  for (const segment of whole.split('/')) {
    if (segment === '' || segment === '.') continue;
    const last = kept.at(-1);
    if (segment === '..' && last !== undefined && last !== '..') kept.pop();
    else if (segment !== '..' || !whole.startsWith('/')) kept.push(segment);
  }
  return (whole.startsWith('/') ? '/' : '') + kept.join('/');
}
