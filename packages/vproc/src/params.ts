import { param, type, type FlagParam, type IntParam } from '@vimage/core';

/** Parameters of `vir proc`. */
export const vprocParams: {
  readonly oneway: FlagParam;
  readonly max: IntParam;
} = {
  oneway: param(type.flag(), {
    access: 'create',
    describe: 'the parent sees the image’s processes, never the other way',
    example: 'true',
    default: 'true',
  }),
  max: param(type.int({ min: 1, max: 4194304 }), {
    access: 'rw',
    describe: 'most processes and threads the image may have at once',
    example: '512',
  }),
};
