/** A test that does not apply to the single build; without `test`, none of the file does. Each of these fails there: see test/applies.test.ts. */
interface NotInSingle {
  readonly file: string;
  readonly test?: RegExp;
  readonly why: string;
}

const makes = 'it makes images';

/** What of {@link inSingle} is left out, and why. */
export const notInSingle: readonly NotInSingle[] = [
  { file: 'packages/core/test/cred/effective.test.ts', why: makes },
  { file: 'packages/core/test/cred/model.test.ts', why: makes },
  { file: 'packages/core/test/cred/setuid.test.ts', why: makes },
  { file: 'packages/core/test/image/lattice.test.ts', why: makes },
  { file: 'packages/core/test/image/name.test.ts', test: /^(are relative|count as a whole)/, why: makes },
  { file: 'packages/core/test/image/slot.test.ts', why: makes },
  { file: 'packages/core/test/image/tree.test.ts', why: `${makes}, or changes how many there may be` },
  { file: 'packages/core/test/kernel/declared.test.ts', why: 'of a declaration it looks at the interface only' },
  { file: 'packages/testing/test/fault.test.ts', why: makes },
  { file: 'packages/testing/test/forget.test.ts', why: makes },
  { file: 'packages/testing/test/hooks.test.ts', why: makes },
  { file: 'packages/testing/test/inside.test.ts', why: makes },
  { file: 'packages/testing/test/kernel.test.ts', why: makes },
  { file: 'packages/testing/test/lapsed.test.ts', why: makes },
  { file: 'packages/testing/test/once.test.ts', why: makes },
  { file: 'packages/testing/test/order.test.ts', test: /^(?!makes a circle)/, why: makes },
  { file: 'packages/testing/test/undo.test.ts', why: makes },
];

/** The test files that are run in the single build as well. */
export const inSingle: readonly string[] = [
  'packages/core/test/**/*.test.ts',
  'packages/testing/test/!(*.root).test.ts',
  'packages/linux/test/!(*.root).test.ts',
];

/** Whether what does not apply is run all the same, to see it fail. */
export const all: boolean = process.env['VIMAGE_SINGLE_ALL'] !== undefined;

/** Those of which nothing applies. */
export const wholeFiles: readonly string[] = notInSingle.filter(({ test }) => test === undefined).map(({ file }) => file);

/** Why a test does not apply; undefined: it does. */
export function whyNot(file: string, name: string): string | undefined {
  return notInSingle.find((each) => each.file === file && (each.test?.test(name) ?? true))?.why;
}
