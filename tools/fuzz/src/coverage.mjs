import { Session } from 'node:inspector';

/** What of one script has run so far, by character, as V8 counts it (Profiler domain of the inspector protocol). */
export class Coverage {
  #session = new Session();
  #url;
  #seen;
  #now;

  constructor(url, length) {
    this.#url = url;
    this.#seen = new Uint8Array(length);
    this.#now = new Uint8Array(length);
    this.#session.connect();
    this.#session.post('Profiler.enable');
  }

  /** Before the script is loaded. */
  start() {
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Takes in what ran since it was last called; how many characters of it had not run before. */
  take() {
    let added = 0;
    const now = this.#paint();
    if (now === undefined) return 0;
    for (let i = 0; i < now.length; i++) {
      if (now[i] === 1 && this.#seen[i] === 0) added++;
    }
    return added;
  }

  /** As {@link take}, and remembers it. */
  add() {
    const added = this.take();
    for (let i = 0; i < this.#now.length; i++) this.#seen[i] |= this.#now[i];
    return added;
  }

  /** As if nothing had run. */
  forget() {
    this.take();
    this.#seen.fill(0);
  }

  /** What ran, of all that there is, in percent. */
  get percent() {
    return Math.round((this.#seen.reduce((sum, each) => sum + each, 0) / this.#seen.length) * 100);
  }

  /** Ranges are nested, and those that did not run are cut out of those that did. */
  #paint() {
    let script;
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error;
      script = result.find(({ url }) => url === this.#url);
    });
    this.#now.fill(0);
    if (script === undefined) return undefined;
    const functions = script.functions.toSorted((a, b) => a.ranges[0].startOffset - b.ranges[0].startOffset || b.ranges[0].endOffset - a.ranges[0].endOffset);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) this.#now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    return this.#now;
  }
}
