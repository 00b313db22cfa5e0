import { listParam, param, type FlagParam, type IntParam, type ListParam, type MapParam, type OneParam, type ParamTable, type StringParam } from '../../src/param/param.ts';
import { type } from '../../src/param/types.ts';
import { imageParams, type Tables } from '../../src/pairs/tables.ts';
import type { Cidr } from '../../src/param/address.ts';
import type { PortMap } from '../../src/param/port.ts';

export const wire: {
  readonly if: ListParam<string>;
  readonly addr: MapParam<string, Cidr>;
  readonly mtu: MapParam<string, number>;
  readonly publish: ListParam<PortMap>;
  readonly sysctl: MapParam<string, string>;
  readonly 'forward.v4': FlagParam;
  readonly state: StringParam;
} = {
  if: listParam(type.ifname(), { access: 'rw', describe: 'interfaces moved in from the parent', example: 'wi0,eth0' }),
  addr: listParam(type.map(type.ifname(), type.cidr()), { access: 'rw', describe: 'addresses by interface', example: 'eth0=10.7.0.2/24' }),
  mtu: listParam(type.map(type.ifname(), type.int({ min: 68, max: 65535 })), { access: 'rw', describe: 'largest packet', example: 'eth0=1400' }),
  publish: listParam(type.portMap(), { access: 'rw', describe: 'ports of the parent that lead into the image', example: '8080:80' }),
  sysctl: listParam(type.map(type.string(), type.string()), { access: 'rw', describe: 'settings', example: 'net.ipv4.ip_forward=1', split: false }),
  'forward.v4': param(type.flag(), { access: 'rw', describe: 'pass packets on', example: 'true', default: 'false' }),
  state: param(type.string(), { access: 'ro', describe: 'what it does now', example: 'up' }),
};

export const table: {
  readonly oneway: FlagParam;
  readonly max: IntParam;
  readonly memory: IntParam;
  readonly mode: OneParam<'strict' | 'loose'>;
} = {
  oneway: param(type.flag(), { access: 'create', describe: 'seen by the parent, never the other way', example: 'true', order: 'and' }),
  max: param(type.int({ min: 1 }), { access: 'rw', describe: 'most processes', example: '100', order: 'min' }),
  memory: param(type.size(), { access: 'rw', describe: 'most memory', example: '64m' }),
  mode: param(type.enum(['strict', 'loose']), { access: 'create', describe: 'how it looks', example: 'strict' }),
};

export const tables: Tables & { readonly image: typeof imageParams } = {
  image: imageParams,
  components: new Map<string, ParamTable>([['wire', wire], ['table', table], ['bare', {}]]),
};
