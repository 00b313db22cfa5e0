// The registry's own process: keeps what it is sent in the folder that it is given, says where it listens, and ends with who started it.
import { once } from 'node:events';
import path from 'node:path';
import { runServer } from 'verdaccio';

const [, , dir] = process.argv;
const server = await runServer({
  storage: path.join(dir, 'storage'),
  self_path: dir,
  configPath: path.join(dir, 'config.yaml'),
  // Anybody may do anything: it is on loopback, and gone in a moment. It asks nobody else.
  packages: { '**': { access: '$all', publish: '$all', unpublish: '$all' } },
  uplinks: {},
  max_body_size: '100mb',
  userRateLimit: { windowMs: 1000, max: 100_000 },
  log: { type: 'stdout', level: 'fatal' },
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send(`http://127.0.0.1:${server.address().port}/`);
process.on('disconnect', () => { process.exit(); });
