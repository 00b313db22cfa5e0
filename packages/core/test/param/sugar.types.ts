import type { ParamTable, ParamValues, SectionSugar } from '../../src/param/param.ts';
import type { MapItem } from '../../src/param/type.ts';
import type { Cidr } from '../../src/param/address.ts';
import type { imageParams } from '../../src/pairs/tables.ts';
import type { table, wire } from '../pairs/fixture.ts';

// Compiled by table.test.ts; nothing here runs.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(answer: Same<A, B>): void => void answer;

type Wire = ParamValues<typeof wire>;
same<Wire['if'], readonly string[] | undefined>(true);
same<Wire['addr'], readonly MapItem<string, Cidr>[] | undefined>(true);
same<Wire['forward.v4'], boolean | undefined>(true);
same<ParamValues<typeof table>['mode'], 'strict' | 'loose' | undefined>(true);
same<ParamValues<typeof imageParams>['children.max'], number | undefined>(true);
same<Wire['if'], string | undefined>(false);
same<ParamValues<ParamTable>[string], unknown>(true);

const sugar: SectionSugar<typeof wire>[] = [
  true, {}, { share: 'web' }, { if: 'eth0,wi0' }, { if: ['eth0'] }, { 'forward.v4': true }, { 'forward.v4': 'yes' },
  { addr: { eth0: '10.0.0.1/24' } }, { addr: { eth0: ['10.0.0.1/24', { family: 4, address: '10.0.0.2', prefix: 24 }] } }, { addr: ['eth0=10.0.0.1/24'] },
  { mtu: { eth0: 1400 } }, { publish: { host: 1, image: 2, protocol: 'tcp' } },
  // @ts-expect-error share stands alone
  { share: 'web', if: 'eth0' },
  // @ts-expect-error no such parameter
  { iff: 'eth0' },
  // @ts-expect-error a list of names takes no numbers
  { if: [5] },
  // @ts-expect-error neither a flag nor its text
  { 'forward.v4': 1 },
  // @ts-expect-error false says nothing
  false,
];
void sugar;

declare const declared: typeof wire & typeof table;
const anyTable: ParamTable = declared;
void anyTable;
