/** What came of a probe: what it tried was refused or hidden; it got through; it cannot be tried, or nothing in this image is meant to prevent it. */
export type Verdict = 'pass' | 'fail' | 'na';

/** What a probe found. */
export interface Outcome {
  readonly probe: string;
  readonly verdict: Verdict;
  /** One line: an errno, what was reached, or which section would prevent it. */
  readonly reason: string;
  /** What it tries, in a few words. */
  readonly tries: string;
  /** Lines of the list of docs/selftest.md. */
  readonly lines: readonly number[];
}
