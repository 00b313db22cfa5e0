import { param, type, type StringParam } from '@vimage/core';

export const __name__Params: { readonly hostname: StringParam } = {
  hostname: param(type.string({ min: 1, max: 64 }), {
    access: 'rw',
    describe: 'what hostname(1) says; the name of the image unless given',
    example: 'www.example',
  }),
};
