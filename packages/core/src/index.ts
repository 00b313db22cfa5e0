export * from './errors.ts';
export * from './scope.ts';
export * from './pairs/pairs.ts';
export * from './substrate.ts';
export * from './component/component.ts';
