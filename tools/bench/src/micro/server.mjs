// What runs in each process of the other side of node-many: a server, which says when it listens.
import http from 'node:http';

http.createServer((_request, response) => response.end('x')).listen(8080, '127.0.0.1', () => { process.stdout.write('up'); });
