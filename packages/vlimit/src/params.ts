import { listParam, param, type, type IntParam, type ListParam, type Param } from '@vimage/core';

/** What a cgroup limits, so that it can be that nothing here does. */
export type Limited = 'cpu' | 'memory' | 'pids';

export const limited: readonly [Limited, ...Limited[]] = ['memory', 'pids', 'cpu'];

/** What is limited for each process by itself: setrlimit(2). */
export type PerProcess = 'files' | 'core' | 'stack' | 'fsize' | 'memlock' | 'cputime';

/** Parameters of `vir limit`. */
export const vlimitParams: {
  readonly cpu: Param<number, false>;
  readonly memory: IntParam;
  readonly pids: IntParam;
  readonly files: IntParam;
  readonly core: IntParam;
  readonly stack: IntParam;
  readonly fsize: IntParam;
  readonly memlock: IntParam;
  readonly cputime: IntParam;
  readonly optional: ListParam<Limited>;
  readonly unenforced: ListParam<Limited>;
  readonly 'memory.used': IntParam;
  readonly 'pids.used': IntParam;
  readonly 'cpu.used': IntParam;
} = {
  cpu: param(type.cpus(), { access: 'rw', describe: 'CPU time: as much as so many CPUs give', example: '1.5', order: 'min' }),
  memory: param(type.size({ min: 1048576 }), { access: 'rw', describe: 'most memory, swap included', example: '512m', order: 'min' }),
  pids: param(type.int({ min: 1, max: 4194304 }), { access: 'rw', describe: 'most processes and threads at once', example: '256', order: 'min' }),
  files: param(type.int({ min: 0, max: 1073741816 }), { access: 'rw', describe: 'most open files of a process', example: '1024', order: 'min' }),
  core: param(type.size(), { access: 'rw', describe: 'largest core dump', example: '64m', order: 'min', default: '0' }),
  stack: param(type.size({ min: 65536 }), { access: 'rw', describe: 'largest stack of a process', example: '8m', order: 'min' }),
  fsize: param(type.size(), { access: 'rw', describe: 'largest file that a process may write', example: '1g', order: 'min' }),
  memlock: param(type.size(), { access: 'rw', describe: 'most memory that a process may lock', example: '64k', order: 'min' }),
  cputime: param(type.duration({ min: 1000 }), { access: 'rw', describe: 'CPU time after which a process is killed, in whole seconds', example: '10s', order: 'min' }),
  optional: listParam(type.enum(limited), { access: 'rw', describe: 'what may go unenforced where the kernel, or who runs it, gives no cgroup for it', example: 'memory,cpu' }),
  unenforced: listParam(type.enum(limited), { access: 'ro', describe: 'what is asked for and not enforced', example: 'memory' }),
  'memory.used': param(type.size(), { access: 'ro', describe: 'memory in use', example: '37m' }),
  'pids.used': param(type.int({ min: 0 }), { access: 'ro', describe: 'processes and threads that there are', example: '12' }),
  'cpu.used': param(type.duration(), { access: 'ro', describe: 'CPU time used so far', example: '1500ms' }),
};
