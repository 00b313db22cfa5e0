/** The booleans of jail(8) that are not `allow.*`, all of which are. */
const booleans: ReadonlySet<string> = new Set([
  'exec.clean', 'exec.system_jail_user', 'ip4.saddrsel', 'ip6.saddrsel', 'ip_hostname', 'mount.devfs', 'mount.fdescfs', 'mount.procfs', 'persist', 'zfs.mount_snapshot',
]);

/** Whether jail(8) has a boolean of this name. */
export function isBoolean(name: string): boolean {
  return booleans.has(name) || (name.startsWith('allow.') && name.length > 'allow.'.length);
}

/** The name without the `no` that its last part begins with, or undefined: `allow.nomount` is `allow.mount`. */
export function withoutNo(name: string): string | undefined {
  const at = name.lastIndexOf('.') + 1;
  return name.startsWith('no', at) && name.length > at + 2 ? name.slice(0, at) + name.slice(at + 2) : undefined;
}

/** What was written of a boolean, the other way round; undefined where it is none. Numbers count as in jail(8): 0 is false. */
export function opposite(value: string): string | undefined {
  if (/^true$/i.test(value)) return 'false';
  if (/^false$/i.test(value)) return 'true';
  return /^[+-]?\d+$/.test(value) ? String(/^[+-]?0+$/.test(value)) : undefined;
}
