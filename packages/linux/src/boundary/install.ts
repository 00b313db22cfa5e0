import { syncBuiltinESMExports } from 'node:module';
import { wrapAgents } from './agents.ts';
import { routeDispatchers } from './dispatchers.ts';
import { wrapNames } from './dns/wrap.ts';
import { refuseEarly } from './early.ts';
import { wrapInterfaces } from './interfaces.ts';
import { wrapSockets } from './sockets.ts';
import { wrapSpawn } from './spawn.ts';
import { tellStrangers, watching } from './strangers.ts';
import { debugging, noteWhereabouts } from './whereabouts.ts';
import { wrapWorkers } from './workers.ts';

let done = false;

/** Leads Node's native handles through the boundary. Once, and before the first thread of an image runs: code outside pays nothing until then. */
export function install(): void {
  if (done) return;
  done = true;
  wrapSockets();
  if (watching) tellStrangers();
  if (debugging) noteWhereabouts();
  wrapSpawn();
  wrapNames();
  wrapInterfaces();
  wrapWorkers();
  refuseEarly();
  wrapAgents();
  routeDispatchers();
  // What was put into modules of Node's is what they export from now on.
  syncBuiltinESMExports();
}
