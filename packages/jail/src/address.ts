import { VimageError, type, type Cidr, type ParamType } from '@vimage/core';

/** An address of a jail, and the interface it is on. */
export interface JailAddress {
  /** Undefined: the one that `interface` names. */
  readonly on: string | undefined;
  readonly address: Cidr;
}

const cidr = type.cidr();
const ifname = type.ifname();

/** `[INTERFACE|]ADDRESS[/LENGTH]` of one family, as jail(8) has it; a single host’s length unless given. EINVAL, ENAMETOOLONG. */
export function jailAddressType(family: 4 | 6): ParamType<JailAddress> {
  const expected = `an IPv${family} address, ADDRESS or INTERFACE|ADDRESS/LENGTH`;
  return {
    kind: '[ifname|]cidr',
    expected,
    schema: { type: 'string' },
    parse(text) {
      const bar = text.indexOf('|');
      const rest = text.slice(bar + 1);
      const address = cidr.parse(rest.includes('/') ? rest : `${rest}/${family === 4 ? 32 : 128}`);
      if (address.family !== family) throw new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text)}`, { hint: `ip${address.family}.addr is for that` });
      return { on: bar < 0 ? undefined : ifname.parse(text.slice(0, bar)), address };
    },
    print: ({ on, address }) => `${on === undefined ? '' : `${on}|`}${cidr.print(address)}`,
    is: (value): value is JailAddress => typeof value === 'object' && value !== null && 'address' in value,
  };
}
