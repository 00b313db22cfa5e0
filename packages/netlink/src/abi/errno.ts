// errno names and texts of <asm-generic/errno.h>: what netlink can answer with.

/** Name and strerror(3) text by positive errno. */
export const ERRNO: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ['EPERM', 'operation not permitted'], 2: ['ENOENT', 'no such file or directory'], 3: ['ESRCH', 'no such process'],
  4: ['EINTR', 'interrupted system call'], 5: ['EIO', 'input/output error'], 6: ['ENXIO', 'no such device or address'],
  7: ['E2BIG', 'argument list too long'], 9: ['EBADF', 'bad file descriptor'], 11: ['EAGAIN', 'try again'],
  12: ['ENOMEM', 'out of memory'], 13: ['EACCES', 'permission denied'], 14: ['EFAULT', 'bad address'],
  16: ['EBUSY', 'device or resource busy'], 17: ['EEXIST', 'already exists'], 18: ['EXDEV', 'cross-device link'],
  19: ['ENODEV', 'no such device'], 20: ['ENOTDIR', 'not a directory'], 22: ['EINVAL', 'invalid argument'],
  23: ['ENFILE', 'too many open files in system'], 24: ['EMFILE', 'too many open files'], 27: ['EFBIG', 'too large'],
  28: ['ENOSPC', 'no space left'], 33: ['EDOM', 'out of domain'], 34: ['ERANGE', 'out of range'],
  35: ['EDEADLK', 'deadlock avoided'], 36: ['ENAMETOOLONG', 'name too long'], 38: ['ENOSYS', 'not implemented'],
  40: ['ELOOP', 'too many levels'], 61: ['ENODATA', 'no data available'], 64: ['ENONET', 'not on the network'],
  67: ['ENOLINK', 'link severed'], 71: ['EPROTO', 'protocol error'], 74: ['EBADMSG', 'bad message'],
  75: ['EOVERFLOW', 'value too large'], 76: ['ENOTUNIQ', 'name not unique'], 88: ['ENOTSOCK', 'not a socket'],
  90: ['EMSGSIZE', 'message too long'], 92: ['ENOPROTOOPT', 'protocol not available'],
  93: ['EPROTONOSUPPORT', 'protocol not supported'], 95: ['EOPNOTSUPP', 'operation not supported by this kernel or device'],
  97: ['EAFNOSUPPORT', 'address family not supported'], 98: ['EADDRINUSE', 'address in use'],
  99: ['EADDRNOTAVAIL', 'address not available'], 100: ['ENETDOWN', 'network is down'],
  101: ['ENETUNREACH', 'network is unreachable'], 103: ['ECONNABORTED', 'connection aborted'],
  104: ['ECONNRESET', 'connection reset'], 105: ['ENOBUFS', 'no buffer space'], 106: ['EISCONN', 'already connected'],
  107: ['ENOTCONN', 'not connected'], 110: ['ETIMEDOUT', 'timed out'], 113: ['EHOSTUNREACH', 'no route to host'],
  114: ['EALREADY', 'already in progress'], 116: ['ESTALE', 'stale handle'], 122: ['EDQUOT', 'quota exceeded'],
  132: ['ERFKILL', 'blocked by RF-kill'], 524: ['ENOTSUPP', 'operation not supported by this kernel or device'],
};

export const EINTR = 4;
export const EINVAL = 22;
export const ENODEV = 19;
export const EBADMSG = 74;
export const ENOBUFS = 105;
