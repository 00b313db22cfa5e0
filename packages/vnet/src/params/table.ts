import {
  listParam, param, type,
  type FlagParam, type ListParam, type MapParam, type OneParam,
} from '@vimage/core';
import { bridgeType, type BridgeSpec } from './bridge.ts';
import { hostType } from './host.ts';
import { macvlanType, type MacvlanSpec } from './macvlan.ts';
import { moveType, type Move } from './move.ts';
import { destinationType, viaType, type RouteVia } from './route.ts';
import { sysctlKeyType } from './sysctl.ts';
import { uplinkWords, type UplinkWord } from '../uplink/program.ts';
import type { Cidr, PortMap } from './value.ts';
import { vethType, type VethEnd } from './veth.ts';

/** Parameters of `vir net`, in ip(8)'s words. */
export const vnetParams: {
  readonly path: OneParam<string>;
  readonly netns: FlagParam;
  readonly if: ListParam<Move>;
  readonly veth: MapParam<string, VethEnd>;
  readonly macvlan: MapParam<string, MacvlanSpec>;
  readonly bridge: ListParam<BridgeSpec>;
  readonly mac: MapParam<string, string>;
  readonly mtu: MapParam<string, number>;
  readonly addr: MapParam<string, Cidr>;
  readonly peer: MapParam<string, Cidr>;
  readonly up: ListParam<string>;
  readonly down: ListParam<string>;
  readonly dad: FlagParam;
  readonly route: MapParam<Cidr | 'default', RouteVia>;
  readonly rate: MapParam<string, number>;
  readonly sysctl: MapParam<string, string>;
  readonly dns: ListParam<string>;
  readonly 'dns.search': ListParam<string>;
  readonly hosts: MapParam<string, string>;
  readonly nat: OneParam<boolean | string>;
  readonly publish: ListParam<PortMap>;
  readonly uplink: OneParam<UplinkWord>;
  readonly links: ListParam<string>;
  readonly 'uplink.state': OneParam<string>;
} = {
  path: param(type.path(), {
    access: 'create',
    describe: 'an existing named network namespace to stand in, which is never removed with the image',
    example: '/run/netns/vpn',
  }),
  netns: param(type.flag(), {
    access: 'rw',
    describe: 'show the stack to ip-netns(8) under the image’s name',
    example: 'true',
    default: 'false',
  }),
  if: listParam(moveType(), {
    access: 'rw',
    describe: 'interfaces moved in from the parent, given back at the end; NAME:NEWNAME renames',
    example: 'wi0,eth1:wan',
  }),
  veth: listParam(type.map(type.ifname(), vethType()), {
    access: 'rw',
    describe: 'a cable whose other end is in the parent, on a bridge, or in another image',
    example: 'eth0=parent:web0',
  }),
  macvlan: listParam(type.map(type.ifname(), macvlanType()), {
    access: 'rw',
    describe: 'an interface with its own hardware address on an interface of the parent',
    example: 'eth0=eth1/bridge',
  }),
  bridge: listParam(bridgeType(), {
    access: 'rw',
    describe: 'bridges of the own stack, with their ports',
    example: 'br0=eth0+eth1',
  }),
  mac: listParam(type.map(type.ifname(), type.mac({ unicast: true })), {
    access: 'rw',
    describe: 'hardware addresses',
    example: 'eth0=02:00:5e:10:00:01',
  }),
  mtu: listParam(type.map(type.ifname(), type.int({ min: 68, max: 2147483647, unit: 'bytes' })), {
    access: 'rw',
    describe: 'largest packets',
    example: 'eth0=1400',
  }),
  addr: listParam(type.map(type.ifname(), type.cidr()), {
    access: 'rw',
    describe: 'addresses with the length of their network’s prefix',
    example: 'eth0=10.7.0.2/24',
  }),
  peer: listParam(type.map(type.ifname(), type.cidr()), {
    access: 'rw',
    describe: 'addresses of a veth’s other end',
    example: 'eth0=10.7.0.1/24',
  }),
  up: listParam(type.ifname(), {
    access: 'rw',
    describe: 'interfaces that are up; those the image made or took are up anyway',
    example: 'eth0',
  }),
  down: listParam(type.ifname(), {
    access: 'rw',
    describe: 'interfaces that are down',
    example: 'eth1',
  }),
  dad: param(type.flag(), {
    access: 'rw',
    describe: 'wait for duplicate address detection before an IPv6 address is used',
    example: 'true',
    default: 'false',
  }),
  route: listParam(type.map(destinationType(), viaType()), {
    access: 'rw',
    describe: 'routes, by gateway or interface',
    example: 'default=10.7.0.1',
  }),
  rate: listParam(type.map(type.ifname(), type.rate({ min: 8000, max: 1e12 })), {
    access: 'rw',
    describe: 'most that an interface sends (tc-tbf(8))',
    example: 'eth0=10mbit',
  }),
  sysctl: listParam(type.map(sysctlKeyType(), type.string({ max: 4000, min: 1 })), {
    access: 'rw',
    describe: 'kernel settings of the stack',
    example: 'net.ipv4.ip_forward=1',
    split: false,
  }),
  dns: listParam(type.address(), {
    access: 'rw',
    describe: 'name servers of the image’s /etc/resolv.conf',
    example: '10.7.0.1',
  }),
  'dns.search': listParam(hostType(), {
    access: 'rw',
    describe: 'domains in which short names are looked up',
    example: 'lab.example',
  }),
  hosts: listParam(type.map(hostType(), type.address()), {
    access: 'rw',
    describe: 'lines of the image’s /etc/hosts, NAME=ADDRESS',
    example: 'db=10.7.0.3',
  }),
  nat: param(type.or(type.flag(), type.ifname()), {
    access: 'rw',
    describe: 'the parent forwards for the image under its own address; an interface: only out of that one',
    example: 'true',
    default: 'false',
  }),
  publish: listParam(type.portMap(), {
    access: 'rw',
    describe: 'ports of the parent that lead into the image',
    example: '8080:80',
  }),
  uplink: param(type.enum(uplinkWords), {
    access: 'rw',
    describe: 'the program that leads out of the machine without any right over its stack; auto: pasta, or else slirp4netns',
    example: 'auto',
    default: 'none',
  }),
  links: listParam(type.string(), {
    access: 'ro',
    describe: 'interfaces that stand in the stack now',
    example: 'lo,eth0',
  }),
  'uplink.state': param(type.string(), {
    access: 'ro',
    describe: 'the process of the uplink, or that it has ended',
    example: 'pasta, process 4711',
  }),
};

/** The type of {@link vnetParams}, for the component registry. */
export type VnetParams = typeof vnetParams;
