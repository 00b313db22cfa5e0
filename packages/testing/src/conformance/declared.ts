import assert from 'node:assert/strict';
import { checkTable, interfaceVersion } from '@vimage/core';
import type { Examples } from './examples.ts';

/** It says of itself, and of each of its parameters, what a reader needs. */
export function declared({ component, good, bad, changes, exceeds = [] }: Examples): void {
  assert.match(component.name, /^[a-z][a-z0-9]*$/, 'its name is a word of the command line');
  assert.equal(component.interface, interfaceVersion, 'it was written for another interface of @vimage/core');
  assert.ok(component.describe.length > 9 && !component.describe.endsWith('.'), 'describe is one line, without a full stop');
  // What is declared wrongly is said by the kernel at registration as well.
  checkTable(component.name, component.params);
  for (const [key, param] of Object.entries(component.params)) {
    assert.ok(param.describe.length > 4 && !/[.\n]$/.test(param.describe), `${key}: describe is one line, without a full stop`);
    for (const each of param.multi && param.split ? param.example.split(',') : [param.example]) {
      assert.doesNotThrow(() => param.type.parse(each), `${key}: its example "${param.example}" is not one`);
    }
  }
  const params = Object.values(component.params);
  assert.ok(good.length > 0, 'no example of a section that works was given: good');
  assert.ok(bad.length > 0 || params.length === 0, 'no example of a section that is refused was given: bad');
  assert.ok(changes.length > 0 || !params.some(({ access }) => access === 'rw'), 'a parameter may be changed, and no example of that was given: changes');
  assert.ok(exceeds.length > 0 || !params.some(({ order }) => order !== undefined), 'a parameter restricts, and no example was given of a child that would be less restricted: exceeds');
}
