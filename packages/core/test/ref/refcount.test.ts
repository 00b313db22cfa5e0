import { afterEach, describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { reportLeaks, setLeakMode } from '../../src/ref/leaks.ts';
import { RefCount, freeAll } from '../../src/ref/refcount.ts';

afterEach(() => setLeakMode('off'));

describe('a count', () => {
  it('ends once, with the last reference, and is then of no more use', () => {
    let ends = 0;
    const refs = new RefCount('thing', () => { ends += 1; });
    refs.hold('a');
    refs.hold('b');
    expect(refs.free('a')).toBe(false);
    expect(ends).toBe(0);
    expect(refs.free('b')).toBe(true);
    expect(ends).toBe(1);
    expect(() => refs.free('b')).toThrowError(InvariantError);
    expect(() => refs.hold('b')).toThrowError(InvariantError);
    expect(ends).toBe(1);
  });

  it('knows its holders: nobody frees what another holds', () => {
    const refs = new RefCount('thing', () => undefined);
    refs.hold('a');
    refs.hold('a');
    expect(() => refs.free('b')).toThrowError('thing: freed by b, which holds no reference');
    expect([...refs.held()]).toEqual([['a', 2]]);
    expect(refs.count).toBe(2);
  });

  it('goes on giving back when one end fails', () => {
    const done: string[] = [];
    const fail = (name: string) => () => { done.push(name); throw new Error(name); };
    expect(() => freeAll([fail('a'), () => done.push('b')])).toThrowError('a');
    expect(() => freeAll([fail('c'), fail('d')])).toThrowError(AggregateError);
    expect(done).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('leaks', () => {
  function takeHere(refs: RefCount): void {
    refs.hold('me');
  }

  it('say who took it and where', () => {
    setLeakMode('report');
    const refs = new RefCount('thing', () => undefined);
    takeHere(refs);
    refs.hold('you');
    refs.free('you');
    const [leak, ...rest] = reportLeaks();
    expect(rest).toEqual([]);
    expect(leak?.what).toBe('thing');
    expect(leak?.taken.map(({ holder }) => holder)).toEqual(['me']);
    expect(leak?.taken[0]?.where).toMatch(/^\s+at takeHere .*refcount\.test\.ts/);
    refs.free('me');
    expect(reportLeaks()).toEqual([]);
  });

  it('are thrown in mode throw, and not looked for when off', () => {
    const before = new RefCount('before', () => undefined);
    takeHere(before);
    expect(reportLeaks()).toEqual([]);
    setLeakMode('throw');
    before.free('me');
    expect(reportLeaks()).toEqual([]);
    takeHere(new RefCount('thing', () => undefined));
    expect(() => reportLeaks()).toThrowError(/1 leaked:\nthing\n {2}held by me/);
  });
});
