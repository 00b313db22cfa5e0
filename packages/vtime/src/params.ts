import { listParam, param, type, type IntParam, type MapParam } from '@vimage/core';
import { clockNames } from '@vimage/linux';
import { reach, type Clock } from './range.ts';

const offset = type.map(type.enum(clockNames), type.offset({ min: -reach, max: reach, text: 'at most 146 years either way' }));

/** Parameters of `vir time`. */
export const vtimeParams: {
  readonly offset: MapParam<Clock, bigint>;
  readonly 'offset.machine': MapParam<Clock, bigint>;
  readonly uptime: IntParam;
} = {
  offset: listParam(offset, { access: 'create', describe: 'how far the clocks are ahead of those around the image', example: 'monotonic=+1d,boottime=-2h' }),
  'offset.machine': listParam(offset, { access: 'ro', describe: 'how far they are ahead of the machine’s', example: 'monotonic=+2d,boottime=+0s' }),
  uptime: param(type.duration(), { access: 'ro', describe: 'what uptime(1) says in the image', example: '3d' }),
};
