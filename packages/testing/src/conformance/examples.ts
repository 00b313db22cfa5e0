import type { AnyComponent } from '@vimage/core';

/** Words of a component's own section, as after `vir NAME`. */
export type Words = readonly string[];

/** What a component's author says of it, for the checks to try. */
export interface Examples {
  readonly component: AnyComponent;
  /**
   * A program that, run in an image, prints what that has of the component, and nothing else: `['hostname']`. What it says has to be another thing in an image with the component than in one
   * without, the same where the same was asked, and not what was asked of another image; the name of its own image may stand in it. Undefined only where an instance takes no step to enter.
   */
  readonly looks?: Words;
  /** Components that it requires, or that its sections name. */
  readonly beside?: readonly AnyComponent[];
  /** What stands before its section, where it cannot stand alone: `['vir', 'user']`. */
  readonly before?: Words;
  /** Sections that work on any machine that has the rights; `[]` where it needs no word. At least one. */
  readonly good: readonly Words[];
  /** Sections that are refused before anything is done, and with which code. */
  readonly bad: readonly { readonly words: Words; readonly code: string }[];
  /** Sections, and what they may be changed to by `set`. At least one where a parameter is `rw`. */
  readonly changes: readonly { readonly from: Words; readonly to: Words }[];
  /** A parent's section, and one with which its child would be less restricted. At least one where a parameter has an `order`. */
  readonly exceeds?: readonly { readonly parent: Words; readonly child: Words }[];
}

/** One check; `run` rejects with an AssertionError that says what does not hold. */
export interface ConformanceCheck {
  readonly name: string;
  run(): Promise<void>;
}
