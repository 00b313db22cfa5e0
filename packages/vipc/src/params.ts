import { listParam, param, type, type IntParam, type MapParam } from '@vimage/core';
import { sysctlKeyType, type SysctlKey } from './sysctl.ts';

/** Parameters of `vir ipc`. */
export const vipcParams: {
  readonly sysctl: MapParam<SysctlKey, string>;
  readonly 'shm.used': IntParam;
  readonly 'sem.used': IntParam;
  readonly 'msg.used': IntParam;
} = {
  sysctl: listParam(type.map(sysctlKeyType(), type.string({ max: 100, min: 1 })), {
    access: 'rw',
    describe: 'limits of the image’s IPC',
    example: 'kernel.msgmni=32',
    split: false,
  }),
  'shm.used': param(type.int({ min: 0 }), { access: 'ro', describe: 'System V shared memory segments that there are', example: '2' }),
  'sem.used': param(type.int({ min: 0 }), { access: 'ro', describe: 'System V semaphore sets that there are', example: '1' }),
  'msg.used': param(type.int({ min: 0 }), { access: 'ro', describe: 'System V message queues that there are', example: '0' }),
};
