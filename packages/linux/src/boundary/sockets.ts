import { constants } from 'node:os';
import { fdOf, prototypeOf, wrap } from './native.ts';
import type { Native } from './native.ts';
import { pcbOf } from './pcb.ts';
import type { Pcb } from './pcb.ts';
import { refused } from './refused.ts';
import { standing } from './store.ts';
import { noteConnect, watching } from './strangers.ts';

/** The methods of each native class in which libuv may make the socket, when it has none yet. */
const makers: readonly { readonly module: string; readonly name: string; readonly methods: readonly string[] }[] = [
  { module: 'tcp_wrap', name: 'TCP', methods: ['bind', 'bind6', 'connect', 'connect6', 'listen'] },
  { module: 'pipe_wrap', name: 'Pipe', methods: ['bind', 'connect', 'listen'] },
  {
    module: 'udp_wrap', name: 'UDP',
    methods: [
      'bind', 'bind6', 'connect', 'connect6', 'send', 'send6', 'recvStart', 'addMembership', 'dropMembership', 'addSourceSpecificMembership',
      'dropSourceSpecificMembership', 'setMulticastInterface', 'setMulticastTTL', 'setMulticastLoopback', 'setBroadcast', 'setTTL',
    ],
  },
];

/** Leads every native handle that can make a socket through the boundary. */
export function wrapSockets(): void {
  for (const { module, name, methods } of makers) {
    const proto = prototypeOf(module, name);
    for (const method of methods) wrap(proto, method, (native) => made(native, method, name === 'Pipe'));
    wrap(proto, 'close', closed);
  }
}

function made(native: Native, method: string, unix: boolean): Native {
  return function (...args) {
    if (watching && method.startsWith('connect')) noteConnect(this);
    const pcb = pcbOf(this);
    if (pcb !== undefined) return known(pcb, this, native, method, args);
    const stand = standing();
    // A socket that there is already stays in the stack where it was made.
    if (stand === undefined || fdOf(this) >= 0) return Reflect.apply(native, this, args);
    const { td, threads } = stand;
    try {
      const path = unix ? pathIn(args) : undefined;
      if (path !== undefined) threads.checkFiles(td, path);
      return threads.inNet(td, () => {
        const result = Reflect.apply(native, this, args);
        if (fdOf(this) >= 0 && threads.imageOf(td) !== undefined) {
          const its = threads.pcbs.add(this, td);
          if (method === 'listen') accepting(this, its);
        }
        return result;
      });
    } catch (error) {
      return refused(error);
    }
  };
}

/** One that an image has already: its stack is not asked for again, but whether the image lives. */
function known(pcb: Pcb, handle: object, native: Native, method: string, args: readonly unknown[]): unknown {
  if (pcb.image.state !== 'live') return -constants.errno.ESRCH;
  if (method === 'listen') accepting(handle, pcb);
  return Reflect.apply(native, handle, args);
}

/** The path of bind(path) or connect(request, path); undefined: an abstract name, or none. */
function pathIn(args: readonly unknown[]): string | undefined {
  return args.find((arg) => typeof arg === 'string' && !arg.startsWith('\0') && arg !== '')?.toString();
}

/** What is accepted is the image's as well. */
function accepting(handle: object, pcb: Pcb): void {
  wrap(handle, 'onconnection', (native) => function (...args) {
    const [, client] = args;
    if (typeof client === 'object' && client !== null) pcb.list.accept(client, pcb);
    return Reflect.apply(native, this, args);
  });
}

function closed(native: Native): Native {
  return function (...args) {
    const pcb = pcbOf(this);
    if (pcb !== undefined) pcb.list.remove(pcb);
    return Reflect.apply(native, this, args);
  };
}
