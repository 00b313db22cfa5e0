import type { Pairs } from '@vimage/core';

/** The namespaces that a plan joins, as it says them. */
export function joinStepsOf(plan: Pairs): readonly { readonly type: string; readonly ino: string; readonly id: string | undefined }[] {
  const steps: Map<string, string>[] = [];
  for (const [key, value] of plan) {
    if (key === 'step') steps.push(new Map());
    steps.at(-1)?.set(key, value);
  }
  return steps.filter((step) => step.get('step') === 'join').map((step, i) => ({ type: `${step.get('for')} ${step.get('type')} ${i}`, ino: step.get('ino') ?? '', id: step.get('id') }));
}
