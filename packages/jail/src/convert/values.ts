import { VimageError, type Pair } from '@vimage/core';

/** The length of the prefix that a dotted netmask means; undefined: it is none. */
export function prefixOf(mask: string): number | undefined {
  const parts = mask.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  const bits = parts.map((part) => part.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

/** `em0|10.0.0.2/24`, also with a dotted netmask after the slash or the word netmask. EINVAL: there is more, as for ifconfig(8). */
export function addressText(text: string): string {
  const [address = '', ...words] = text.trim().split(/\s+/);
  const [first = '', after] = address.split('/');
  const named = words[0] === 'netmask' || words[0] === 'prefixlen' ? words[1] : undefined;
  const rest = words.slice(named === undefined ? 0 : 2).filter((word) => word !== 'alias');
  if (rest.length > 0) {
    throw new VimageError('EINVAL', `${JSON.stringify(rest.join(' '))} after an address is for ifconfig(8), which is not asked here`, { hint: 'leave it out; vimage.net.KEY = VALUE is a parameter of vir net' });
  }
  const length = after ?? named;
  if (length === undefined) return first;
  const prefix = length.includes('.') ? prefixOf(length) : length;
  if (prefix === undefined) throw new VimageError('EINVAL', `${JSON.stringify(length)} is no netmask`, { hint: 'write ADDRESS/LENGTH' });
  return `${first}/${prefix}`;
}

/** One word for sh(1). */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The word of a boolean. EINVAL. */
export function boolean(text: string): 'true' | 'false' {
  const word = text.toLowerCase();
  if (['true', '1', 'yes', 'on', 'new', 'inherit'].includes(word)) return word === 'inherit' ? 'false' : 'true';
  if (['false', '0', 'no', 'off', 'disable'].includes(word)) return 'false';
  throw new VimageError('EINVAL', `expected true or false, not ${JSON.stringify(text)}`);
}

const special: Readonly<Record<string, string>> = { devfs: 'mount.devfs', fdescfs: 'mount.fdescfs', procfs: 'mount.procfs', linprocfs: 'mount.procfs' };

/** One line of fstab(5) as a pair, its place without the jail's own path. Undefined: nothing is said. EINVAL: it is not below the path. */
export function fstabPair(line: string, path: string | undefined): Pair | undefined {
  const text = line.replace(/#.*/, '').trim();
  if (text === '') return undefined;
  const [from = '', to = '', kind = '', options = 'rw'] = text.split(/\s+/);
  const key = Object.hasOwn(special, kind) ? special[kind] : undefined;
  if (key !== undefined) return [key, 'true'];
  const root = (path ?? '/').replace(/\/+$/, '');
  if (to !== root && !to.startsWith(`${root}/`)) {
    throw new VimageError('EINVAL', `${to} is not below ${path ?? '/'}, the path of the jail`, { hint: 'a jail on Linux is given nothing outside of its root' });
  }
  return ['mount', [from, to.slice(root.length) || '/', kind, options.split(',').filter((word) => word === 'ro' || word === 'rw' || word.startsWith('size=')).join(',') || 'rw'].join(' ')];
}
