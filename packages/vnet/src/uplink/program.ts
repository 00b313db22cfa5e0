import { VimageError } from '@vimage/core';
import { programPath, type CompanionSpec } from '@vimage/linux';
import type { PortMap } from '../params/value.ts';

/** What `uplink` may say. */
export const uplinkWords = ['none', 'auto', 'pasta', 'slirp4netns'] as const;
export type UplinkWord = (typeof uplinkWords)[number];
export type UplinkProgram = Exclude<UplinkWord, 'none' | 'auto'>;

/** The interface that the program makes in the image. */
export const uplinkName = 'uplink';

/** What is asked of an uplink, beside the way out. */
export interface UplinkWish {
  /** The image's name server is the one that the program provides. */
  readonly forward: boolean;
  readonly publish: readonly PortMap[];
}

interface Known {
  /** Name server inside the image, from which the program asks the machine's own. */
  readonly dns: string;
  readonly debian: string;
  readonly ready: CompanionSpec['ready'];
  args(wish: UplinkWish): readonly string[];
}

/**
 * passt(1), slirp4netns(1). The stack is their standard input: they may open what they have themselves, but not what a process with more rights
 * than they keep has. Neither leads to the machine's 127.0.0.1, nor from the machine into the image, unless a port is published.
 */
const programs: Readonly<Record<UplinkProgram, Known>> = {
  pasta: {
    dns: '169.254.1.1',
    debian: 'passt',
    ready: 1,
    // The answers of the machine's name servers seem to come from the forwarder: an image that asks them itself must not have it.
    args: ({ forward, publish }) => [
      '--foreground', '--quiet', '--runas', '0', '--netns', '/proc/self/fd/0', '--no-netns-quit', '--pid', '/proc/self/fd/1',
      '--config-net', '--ns-ifname', uplinkName, '--no-map-gw', ...(forward ? ['--dns-forward', '169.254.1.1'] : []),
      ...ports('tcp', '--tcp-ports', publish), ...ports('udp', '--udp-ports', publish), '--tcp-ns', 'none', '--udp-ns', 'none',
    ],
  },
  slirp4netns: {
    dns: '10.0.2.3',
    debian: 'slirp4netns',
    ready: 4,
    args: () => ['--configure', '--disable-host-loopback', '--enable-sandbox', '--enable-seccomp', '--ready-fd=4', '--netns-type=path', '/proc/self/fd/0', uplinkName],
  },
};

/** Whether a text names a program. */
export function isUplinkProgram(text: string): text is UplinkProgram {
  return Object.hasOwn(programs, text);
}

/** The name server that an image with that uplink asks. */
export function forwarderOf(program: UplinkProgram): string {
  return programs[program].dns;
}

/** Command line, and where it says that it is ready. */
export function commandOf(program: UplinkProgram, path: string, wish: UplinkWish): Pick<CompanionSpec, 'argv' | 'ready'> {
  return { argv: [path, ...programs[program].args(wish)], ready: programs[program].ready };
}

/** What pasta does for ports of the machine: `ADDRESS/PORT:PORT`. */
function ports(protocol: PortMap['protocol'], option: string, publish: readonly PortMap[]): readonly string[] {
  const maps = publish.filter((map) => map.protocol === protocol);
  if (maps.length === 0) return [option, 'none'];
  return maps.flatMap(({ address, host, image }) => [option, `${address === undefined ? '' : `${address}/`}${host}:${image}`]);
}

/** Which program it is, and where. ENOENT: not installed; EOPNOTSUPP: it cannot publish. */
export function chosen(word: Exclude<UplinkWord, 'none'>, { publish }: UplinkWish): { readonly program: UplinkProgram; readonly path: string } {
  const candidates: readonly UplinkProgram[] = word === 'auto' ? ['pasta', 'slirp4netns'] : [word];
  for (const program of candidates) {
    const path = programPath(program);
    if (path === undefined) continue;
    if (program !== 'pasta' && publish.length > 0) throw cannotPublish(word);
    return { program, path };
  }
  const names = candidates.join(' nor ');
  throw new VimageError('ENOENT', `uplink ${word}: ${candidates.length > 1 ? `neither ${names}` : `no ${names}`} is installed`, {
    subject: 'uplink',
    hint: `install one (Debian, Fedora, Alpine: the package ${candidates.map((program) => programs[program].debian).join(' or ')}), or leave uplink out: the image has no way out then`,
  });
}

/** EOPNOTSUPP. */
export function cannotPublish(word: UplinkWord): VimageError {
  return new VimageError('EOPNOTSUPP', `publish: slirp4netns leads out, but not in (uplink ${word})`, {
    subject: 'publish', hint: 'pasta does both: install it (Debian, Fedora, Alpine: the package passt) and say uplink pasta, or leave publish out',
  });
}
