import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImgexec, endWorld, freshRegistry, makeWorld, missingRight, privateRun, run, Server, type World } from './imgexec-rig.js';

const missing = missingRight();

describe.skipIf(missing)(`imgexec${missing ? ` (skipped: ${missing} is missing)` : ''}`, () => {
  let server: Server, web: World;

  beforeAll(() => {
    buildImgexec();
    privateRun();
    freshRegistry();
    server = new Server();
    expect(server.ok('hello')).toEqual(['0.1.0']);
    web = makeWorld('web', server);
  });

  afterAll(async () => {
    if (web) endWorld(web);
    server.ok('close');
    expect(await server.close()).toBe(0);
  });

  it('exits as the command does', () => {
    for (const n of [0, 1, 42, 125, 255]) expect(run(['web', '--', 'sh', '-c', `exit ${n}`]).status).toBe(n);
  });
});
