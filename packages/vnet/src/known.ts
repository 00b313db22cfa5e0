import { codeOf } from '@vimage/core';

/** What the kernel says of sockets; `otherwise` where it lacks the diag module of a family (CONFIG_INET_DIAG and the like), or what was asked for has gone meanwhile. */
export function whereKnown<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (['ENOENT', 'EOPNOTSUPP', 'EPROTONOSUPPORT', 'EINVAL'].includes(codeOf(error) ?? '')) return otherwise;
    throw error;
  }
}
