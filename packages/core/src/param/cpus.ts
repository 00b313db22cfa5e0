import { VimageError } from '../errors.ts';
import { quote, unexpected } from './text.ts';
import type { ParamType } from './type.ts';

/** Beyond what any kernel is built for. */
const most = 8192;
const expected = 'a number of CPUs, as 1.5 or 150%, in whole hundredths from 0.01';

/** How much of the machine's CPUs, as a number of them: `1.5`, `0.25`, `50%`; `print` gives the number. EINVAL, ERANGE. */
export function cpusType(): ParamType<number> {
  return {
    kind: 'cpus',
    expected,
    schema: { oneOf: [{ type: 'number', minimum: 0.01, maximum: most }, { type: 'string', pattern: '^([0-9]+(\\.[0-9]{1,2})?|[0-9]+%)$' }] },
    parse(text) {
      const [, whole, digits = '', percent] = /^(?:([0-9]{1,9})(?:\.([0-9]{1,2}))?|([0-9]{1,9})%)$/.exec(text) ?? [];
      if (whole === undefined && percent === undefined) throw unexpected(expected, text, 'write 1.5 or 150% for one CPU and a half');
      const hundredths = Number(percent ?? `${whole ?? ''}${digits.padEnd(2, '0')}`);
      if (hundredths < 1 || hundredths > most * 100) throw new VimageError('ERANGE', `expected ${expected} to ${most}, not ${quote(text)}`);
      return hundredths / 100;
    },
    print: String,
    is: (value) => typeof value === 'number',
  };
}
