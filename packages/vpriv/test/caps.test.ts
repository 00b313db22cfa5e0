import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { vpriv } from '../src/index.ts';
import { x64 } from '../src/arch.ts';
import { always, capabilities, capabilityMask, never, type Capability } from '../src/data/capabilities.ts';
import { isSwitch, switchTable, switches } from '../src/data/switches.ts';
import { capabilitiesOf, stepsOf } from '../src/steps.ts';
import { asked, checkMeans, checkWithin, permitted, readSaved, root, savedPairs } from '../src/vpriv.ts';

const names = Object.keys(capabilities).filter((name): name is Capability => name in capabilities);
const owners = (name: Capability): readonly string[] => [
  ...(always.includes(name) ? ['always'] : []), ...(never.includes(name) ? ['never'] : []), ...switches.filter((key) => switchTable[key].caps?.includes(name) === true),
];

describe('capabilities', () => {
  test('there are 41, numbered without a gap, and this kernel has no more', () => {
    expect(Object.values(capabilities).sort((a, b) => a - b)).toEqual(Array.from({ length: 41 }, (_, i) => i));
    expect(Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))).toBeLessThanOrEqual(40);
  });

  test.each(names)('CAP_%s belongs to one switch, or to everyone, or to nobody', (name) => {
    expect(owners(name)).toHaveLength(1);
  });

  test('those of a switch are had only where it, or one that needs them, is on', () => {
    const all = new Set(switches);
    for (const name of names) {
      const givers = switches.filter((key) => [...(switchTable[key].caps ?? []), ...(switchTable[key].needs ?? [])].includes(name));
      expect(capabilitiesOf(new Set()).has(name)).toBe(always.includes(name));
      expect(capabilitiesOf(all).has(name)).toBe(!never.includes(name));
      for (const key of givers) expect(capabilitiesOf(new Set([key])).has(name)).toBe(true);
      if (!always.includes(name)) expect(capabilitiesOf(new Set(switches.filter((key) => !givers.includes(key)))).has(name)).toBe(false);
    }
  });

  test('by default a few', () => {
    expect([...capabilitiesOf(asked({}))].sort()).toEqual(['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETPCAP', 'SETUID']);
    expect(capabilityMask(['CHOWN', 'BPF'])).toBe((1n << 39n) | 1n);
  });
});

describe('steps', () => {
  const verbs = (...on: readonly string[]): readonly string[] => stepsOf(new Set(on.filter(isSwitch)), x64).map(({ verb }) => verb);

  test('all of them, live and effective; no_new_privs unless setuid programs are to work', () => {
    expect(verbs()).toEqual(['caps', 'nnp', 'seccomp', 'keyring']);
    expect(verbs('allow.new_privs')).toEqual(['caps', 'seccomp', 'keyring']);
    for (const { mode, ask } of stepsOf(new Set(), x64)) expect([mode, ask]).toEqual([undefined, undefined]);
  });

  test('img0 has none', () => {
    expect(vpriv.entry(root, { image: { name: 'img0', serial: 0n, persist: true }, home: '/', delegated: true, held: () => undefined })).toEqual([]);
    expect(permitted(root).size).toBe(switches.length);
  });
});

describe('an image within another', () => {
  const outer = { serial: 1n, image: 'lab', on: asked({ 'allow.chroot': true, 'allow.setuid': false }), within: permitted(root) };
  const sees = (): boolean => true;

  test('may not ask for what that has not, be it by its own word or by default', () => {
    for (const key of ['allow.mount', 'allow.setuid'] as const) {
      expect(() => checkWithin({ values: { [key]: true }, sees }, outer)).toThrow(expect.objectContaining({ code: 'EPERM', subject: `priv.${key}`, message: expect.stringContaining('"lab"') }));
    }
    expect(() => checkWithin({ values: { 'allow.mount': true }, sees: () => false }, outer)).toThrow(expect.objectContaining({ code: 'EPERM', message: expect.not.stringContaining('lab') }));
    expect(checkWithin({ values: { 'allow.mount': true }, sees }, outer, { 'allow.mount': true }).has('allow.mount')).toBe(false);
  });

  test('does not get by default what that has not', () => {
    const made = { on: asked({ 'allow.chroot': true }), within: checkWithin({ values: { 'allow.chroot': true }, sees }, outer) };
    const held = (key: string) => (key === 'allow.setuid' ? { order: 'and' as const, value: false } : undefined);
    expect([...permitted(made, { held })].sort()).toEqual(['allow.chroot', 'allow.reserved_ports']);
    expect([...permitted(made, { held: () => undefined })].sort()).toEqual(['allow.chroot', 'allow.reserved_ports', 'allow.setuid']);
  });

  test('is found again as it was saved; damage is said', () => {
    const view = { serial: 1n, name: 'lab' };
    expect(readSaved(view, savedPairs(outer))).toEqual(outer);
    for (const saved of [[], [['on', 'allow.mount']], [['on', 'allow.nothing'], ['within', '']]] as const) {
      expect(() => readSaved(view, saved)).toThrow(expect.objectContaining({ code: 'EBADMSG', subject: 'lab' }));
    }
    const empty = { ...outer, on: new Set<never>() };
    expect(readSaved(view, savedPairs(empty)).on.size).toBe(0);
  });

  test('refuses a switch that would give back what is said to be off', () => {
    expect(() => checkMeans({ 'allow.images': true, 'allow.net_admin': false })).toThrow(expect.objectContaining({ code: 'EINVAL', subject: 'allow.images', message: expect.stringContaining('allow.net_admin') }));
    for (const values of [{ 'allow.images': true }, { 'allow.images': true, 'allow.clock': false }, { 'allow.images': false, 'allow.mount': false }]) expect(() => checkMeans(values)).not.toThrow();
  });
});
