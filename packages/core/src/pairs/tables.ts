import { param, type FlagParam, type IntParam, type ParamTable, type StringParam } from '../param/param.ts';
import { flagType, intType } from '../param/basic.ts';
import { imageType } from '../param/names.ts';
import type { Pairs } from './pairs.ts';
import { sections } from './sections.ts';

/** The image's own parameters. */
export type ImageParams = {
  readonly name: StringParam;
  readonly parent: StringParam;
  readonly persist: FlagParam;
  readonly 'children.max': IntParam;
};

/** The image's own parameters: what stands before the first `vir`. */
export const imageParams: ImageParams = {
  name: param(imageType(), { access: 'create', describe: 'the image\'s name, relative to its parent or dotted from the caller\'s image', example: 'web' }),
  parent: param(imageType(), { access: 'create', describe: 'image in which it is made', example: 'lab' }),
  persist: param(flagType(), { access: 'rw', describe: 'stays when nothing runs in it and its maker has ended', example: 'true' }),
  'children.max': param(intType({ min: 0, max: 65535, unit: 'direct children' }), {
    access: 'rw', describe: 'how many images may be made directly inside it', example: '64', default: '0',
  }),
};

/** How many images may be made directly inside one of these pairs. */
export function childrenMaxOf(pairs: Pairs): number {
  const given = sections(pairs).image.find(([key]) => key === 'children.max');
  return given === undefined ? 0 : imageParams['children.max'].type.parse(given[1]);
}

/** Everything that pairs are read by: the image's parameters, and those of each component, in the order they are printed. */
export interface Tables {
  readonly image: ParamTable;
  readonly components: ReadonlyMap<string, ParamTable>;
}
