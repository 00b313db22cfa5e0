import { addressType, cidrType, networkType } from './address.ts';
import { enumType, flagType, intType, stringType } from './basic.ts';
import { cpusType } from './cpus.ts';
import { mapType, optionalType, orType } from './compose.ts';
import { macType } from './mac.ts';
import { ifnameType, imageType, pathType } from './names.ts';
import { offsetType } from './offset.ts';
import { portMapType } from './port.ts';
import { durationType, rateType, sizeType } from './units.ts';

/** Every parameter type, for declarations: `type.int({ min: 68, max: 65535 })`. */
export const type: {
  readonly string: typeof stringType;
  readonly flag: typeof flagType;
  readonly int: typeof intType;
  readonly size: typeof sizeType;
  readonly duration: typeof durationType;
  readonly offset: typeof offsetType;
  readonly rate: typeof rateType;
  readonly cpus: typeof cpusType;
  readonly enum: typeof enumType;
  readonly path: typeof pathType;
  readonly ifname: typeof ifnameType;
  readonly address: typeof addressType;
  readonly cidr: typeof cidrType;
  readonly network: typeof networkType;
  readonly mac: typeof macType;
  readonly image: typeof imageType;
  readonly portMap: typeof portMapType;
  readonly map: typeof mapType;
  readonly or: typeof orType;
  readonly optional: typeof optionalType;
} = Object.freeze({
  string: stringType,
  flag: flagType,
  int: intType,
  size: sizeType,
  duration: durationType,
  offset: offsetType,
  rate: rateType,
  cpus: cpusType,
  enum: enumType,
  path: pathType,
  ifname: ifnameType,
  address: addressType,
  cidr: cidrType,
  network: networkType,
  mac: macType,
  image: imageType,
  portMap: portMapType,
  map: mapType,
  or: orType,
  optional: optionalType,
});
