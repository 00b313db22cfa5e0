import { writeFileSync } from 'node:fs';
import { away } from './away.ts';
import { Namespace, create, openPath, takeOver, withNs } from './ns.ts';
import { asSysError } from './sys/error.ts';

/** uts_namespaces(7): its host and domain name, as sysctl(8) has them. */
function write(host: string, domain: string): void {
  for (const [key, value] of [['hostname', host], ['domainname', domain]] as const) {
    try {
      writeFileSync(`/proc/sys/kernel/${key}`, value);
    } catch (error) {
      throw asSysError(error, key);
    }
  }
}

/** A uts namespace with these names: a new one, or `ns`, as another descriptor of it. EPERM: it is not ours to name. */
export function nameHost(host: string, domain: string, ns?: Namespace): Namespace {
  const helper = away();
  if (helper !== undefined) return takeOver(helper.fd(ns, 'hostname', host, domain), 'uts', 'a uts namespace');
  if (ns === undefined) return create('uts', () => { write(host, domain); });
  withNs(ns, () => { write(host, domain); });
  return openPath(`/proc/self/fd/${ns.fd}`, 'uts');
}
