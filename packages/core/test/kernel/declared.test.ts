import { expect, test } from 'vitest';
import { checkDeclaration, defineComponent, interfaceVersion, param, type, type AnyComponent } from '@vimage/core';

const component = (more: object): AnyComponent => defineComponent<string>({
  name: 'tag', interface: interfaceVersion, describe: 'a tag',
  params: { level: param(type.int({ min: 0, max: 9 }), { access: 'rw', describe: 'how much', example: '3' }) },
  root: () => ({}), create: () => ({}), set: () => undefined, save: () => [], restore: () => ({}), entry: () => [],
  ...more,
});

test('an example is pairs of the component’s own parameters', () => {
  checkDeclaration(component({}));
  checkDeclaration(component({ example: [['level', '5']] }));
  for (const example of [[['levle', '5']], [['level', 5]], [['level']], 'level 5', [['toString', 'x']]]) {
    expect(() => { checkDeclaration(component({ example })); }).toThrow('component "tag": example is a list of pairs of its parameters');
  }
});
