// Requests per second of an HTTP server in this process, asked by this process over kept connections: printed, and the process ends.
// Arguments: how many requests; `boot`: with a kernel that has been booted and is not used.
import http from 'node:http';

/** Requests per second on a port of loopback, where it is called. */
export async function rate(count, port = 8080, at = 16) {
  const server = http.createServer((_request, response) => response.end('x'));
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  const agent = new http.Agent({ keepAlive: true, maxSockets: at });
  const one = () => new Promise((resolve, reject) => { http.get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', resolve)).on('error', reject); });
  const all = async (each) => { for (let i = 0; i < each; i++) await one(); };
  await Promise.all(Array.from({ length: at }, () => all(20)));
  const from = process.hrtime.bigint();
  await Promise.all(Array.from({ length: at }, () => all(count / at)));
  const took = Number(process.hrtime.bigint() - from) / 1e9;
  agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => { server.close(resolve); });
  return count / took;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [, , count, boots] = process.argv;
  let kernel;
  if (boots === 'boot') {
    const [{ boot }, { linux }, { vnet }] = await Promise.all([import('@vimage/core'), import('@vimage/linux'), import('@vimage/vnet')]);
    kernel = await boot({ substrate: linux(), components: [vnet] });
  }
  console.log(JSON.stringify(await rate(Number(count))));
  await kernel?.close();
}
