import { describe, test } from 'vitest';
import { jail } from '@vimage/jail';
import { conformance, type Examples } from '@vimage/testing';
import { vfs } from '@vimage/vfs';
import { ipc } from '@vimage/vipc';
import { vlimit } from '@vimage/vlimit';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { time } from '@vimage/vtime';
import { vuser } from '@vimage/vuser';
import { needRoot } from '../../linux/test/rights.ts';

const system = ['ro', '/usr,/bin,/lib,/lib64'];

/** What the kernel was told of the number of processes, whichever version of cgroups counts them. */
const pidsMax = ['sh', '-c', 'while IFS=: read n k p; do case $k in pids) cat /sys/fs/cgroup/pids$p/pids.max;; "") cat /sys/fs/cgroup$p/pids.max; esac; done < /proc/self/cgroup; cat /proc/1/comm'];

const all: readonly Examples[] = [
  {
    component: vnet,
    looks: ['cat', '/proc/net/fib_trie', '/proc/sys/net/ipv4/ip_forward', '/etc/hosts'],
    good: [[], ['veth', 'eth0=parent', 'addr', 'eth0=10.77.0.2/24', 'route', 'default=10.77.0.1', 'hosts', 'db=10.77.0.3']],
    bad: [{ words: ['addr', 'eth0=10.0.0.1'], code: 'EINVAL' }, { words: ['mtu', 'eth0=1'], code: 'ERANGE' }, { words: ['adr', 'lo=10.0.0.1/8'], code: 'EINVAL' }],
    changes: [{ from: ['addr', 'lo=10.77.1.1/32'], to: ['addr', 'lo=10.77.1.2/32', 'sysctl', 'net.ipv4.ip_forward=1'] }],
  },
  { component: vproc, looks: pidsMax, good: [[], ['oneway', 'true']], bad: [{ words: ['oneway', 'perhaps'], code: 'EINVAL' }], changes: [{ from: ['max', '50'], to: ['max', '20'] }] },
  { component: vuser, looks: ['sh', '-c', 'while read inside outside count; do echo $inside $count; done < /proc/self/uid_map'], good: [[], ['uid', '0=100000:65536', 'names', 'ann=1000:1000']], bad: [{ words: ['uid', 'x'], code: 'EINVAL' }], changes: [] },
  {
    component: vfs, looks: ['sh', '-c', 'ls -d /tmp; ls /usr/share/doc | head -n 1; true'], good: [system, [...system, 'tmpfs', '/tmp', 'mask', '/usr/share/doc']], bad: [{ words: ['ro', 'usr'], code: 'EINVAL' }],
    changes: [{ from: system, to: [...system, 'tmpfs', '/tmp'] }], exceeds: [{ parent: [...system, 'suid', 'false'], child: [...system, 'suid', 'true'] }],
  },
  {
    component: vpriv, looks: ['grep', '^Cap', '/proc/self/status'], good: [[], ['allow.raw_sockets', 'true']], bad: [{ words: ['allow.flying', 'true'], code: 'EINVAL' }],
    changes: [{ from: ['allow.raw_sockets', 'true'], to: ['allow.raw_sockets', 'false'] }], exceeds: [{ parent: [], child: ['allow.raw_sockets', 'true'] }],
  },
  {
    component: ipc, looks: ['cat', '/proc/sys/kernel/msgmni', '/proc/sys/kernel/sem', '/proc/sys/fs/mqueue/queues_max'], good: [[], ['sysctl', 'kernel.msgmni=32', 'sysctl', 'kernel.sem=100 3200 10 32']],
    bad: [{ words: ['sysctl', 'kernel.shmmx=1'], code: 'EINVAL' }, { words: ['sysctl', 'kernel.sem=1'], code: 'EINVAL' }, { words: ['sysctl', 'kernel.shm_rmid_forced=2'], code: 'ERANGE' }],
    changes: [{ from: ['sysctl', 'kernel.msgmni=32'], to: ['sysctl', 'kernel.msgmni=16', 'sysctl', 'fs.mqueue.queues_max=8'] }],
  },
  { component: vlimit, looks: pidsMax, good: [[], ['pids', '50']], bad: [{ words: ['pids', '-1'], code: 'ERANGE' }], changes: [{ from: ['pids', '50'], to: ['pids', '20'] }], exceeds: [{ parent: ['pids', '20'], child: ['pids', '30'] }] },
  {
    component: time, looks: ['cat', '/proc/self/timens_offsets'], good: [[], ['offset', 'monotonic=+1d,boottime=-1.5s'], ['offset', 'boottime=1ns']], changes: [],
    bad: [
      { words: ['offset', 'realtime=1d'], code: 'EINVAL' }, { words: ['offset', 'boottime=1'], code: 'EINVAL' }, { words: ['offset', 'boottime=60000d'], code: 'ERANGE' },
      { words: ['offset', 'boottime=1d,boottime=2d'], code: 'EEXIST' },
    ],
  },
  { component: jail, looks: ['sh', '-c', 'hostname; cat /proc/1/comm'], beside: [vuser, vfs, vnet, vproc, vpriv, vlimit], good: [['path', '/']], bad: [{ words: ['path', 'x'], code: 'EINVAL' }], changes: [{ from: ['path', '/', 'host.hostname', 'a'], to: ['host.hostname', 'b'] }] },
];

describe.skipIf(needRoot.missing)(`what every component has to hold${needRoot.note}`, () => {
  for (const examples of all) for (const { name, run } of conformance(examples)) test(name, run, 120_000);
});
