import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

const types = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };

/** Shows a folder on the loopback address, until it is interrupted. */
export function serve(dir, port) {
  const server = createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      // A parsed address has no ".." left but in an escape, and normalize takes those.
      const name = path.posix.normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
      response.setHeader('content-type', types[path.extname(name)] ?? 'application/octet-stream');
      response.end(await readFile(path.join(dir, name)));
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    }
  });
  server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
}
