import { VimageError } from '@vimage/core';
import { NetlinkError } from '@vimage/netlink';

const options: Readonly<Record<string, string>> = {
  veth: 'CONFIG_VETH', bridge: 'CONFIG_BRIDGE', macvlan: 'CONFIG_MACVLAN', tbf: 'CONFIG_NET_SCH_TBF', nl80211: 'CONFIG_CFG80211', nft: 'CONFIG_NF_TABLES',
};

/** What was tried, for the reader of an error. */
export interface Tried {
  /** The parameter: `veth`, `addr`, ... */
  readonly param: string;
  /** The value or interface: `eth0`, `eth0=10.7.0.2/24`. */
  readonly subject: string;
  /** `veth`, `bridge`, ... where a kernel may lack it. */
  readonly kind?: string;
  /** Whose stack it was, where it is not the image's own. */
  readonly where?: string;
  readonly hints?: Readonly<Record<string, string>>;
}

const general: Readonly<Record<string, string>> = {
  EPERM: 'this needs CAP_NET_ADMIN over the stack: be root, or root in the user namespace that owns it',
  ENETUNREACH: 'the gateway must be on a network of the image: give an interface an address there (addr), or name the interface: GATEWAY%INTERFACE',
  ENETDOWN: 'the interface is down: take it out of down',
  ENODEV: 'the interface has gone meanwhile: look with ip link',
};

/** The kernel's refusal in our words: its code and its own text, what was tried, and what to do. */
export function refused(error: unknown, tried: Tried): VimageError {
  if (error instanceof VimageError) return error;
  if (!(error instanceof NetlinkError)) throw error;
  const where = tried.where === undefined ? '' : ` in ${tried.where}`;
  const option = tried.kind === undefined ? undefined : options[tried.kind];
  if (option !== undefined && (error.code === 'EOPNOTSUPP' || (tried.kind === 'tbf' && error.code === 'ENOENT'))) {
    return new VimageError('EOPNOTSUPP', `${tried.param} ${tried.subject}: this kernel has no ${tried.kind}`, {
      subject: tried.subject,
      hint: `it needs ${option}: load the module, or run a kernel built with it`,
      cause: error,
    });
  }
  const hint = tried.hints?.[error.code] ?? general[error.code];
  return new VimageError(error.code, `${tried.param} ${tried.subject}${where}: ${plain(error)}`, {
    subject: tried.subject,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

const plainWords: Readonly<Record<string, string>> = {
  EEXIST: 'it exists already', ENODEV: 'there is no such interface', EPERM: 'not permitted', EBUSY: 'it is in use', ENETUNREACH: 'the network is unreachable',
  EADDRNOTAVAIL: 'it is not set', ESRCH: 'there is none such', EINVAL: 'the kernel does not take it', ENETDOWN: 'the network is down',
};

function plain(error: NetlinkError): string {
  const own = plainWords[error.code];
  const kernel = error.kernel?.replace(/^Error: /, '').replace(/\.$/, '');
  if (own === undefined) return kernel === undefined ? error.code : `${kernel} (${error.code})`;
  return kernel === undefined ? `${own} (${error.code})` : `${own} (${error.code}: ${kernel})`;
}
