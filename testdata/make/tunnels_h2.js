// Tunnels on streams of HTTP/2 (RFC 9113 §8.5): tunnels_h2.js PORT FOLDER, which holds key.pem and cert.pem.
//
// The proxy is node's http2 over TLS on PORT, what is behind it node's `ws` on PORT + 1, with TLS and without by the path of
// the tunnel: stream 1 leads to a WebSocket in clear, stream 3 to one over TLS, stream 5 nowhere, beside a GET on 7.
'use strict';
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const tls = require('tls');
const { WebSocket, WebSocketServer } = require('ws');

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const pem = { key: fs.readFileSync(`${folder}/key.pem`), cert: fs.readFileSync(`${folder}/cert.pem`) };
const log = line => fs.appendFileSync(process.env.SSLKEYLOGFILE, line);
const behind = { plain: port + 1, secure: port + 2 };

function echoes(server) {
  new WebSocketServer({ server }).on('connection', ws => ws.on('message', (data, binary) => ws.send(data, { binary })));
  return server;
}

function talk(open, name) {
  return new Promise((resolve, reject) => {
    const ws = open();
    const messages = [`Hello by ${name}`, Buffer.alloc(3072, 'tunnel')];
    ws.on('open', () => ws.send(messages.shift()));
    ws.on('message', () => (messages.length ? ws.send(messages.shift()) : ws.ping('through?')));
    ws.on('pong', () => ws.close(1000, 'thanks'));
    ws.on('close', resolve);
    ws.on('error', reject);
  });
}

const listening = (server, at) => new Promise(resolve => server.listen(at, '127.0.0.1', resolve));

async function main() {
  const plain = echoes(http.createServer());
  const secure = echoes(https.createServer(pem));
  const proxy = http2.createSecureServer(pem);
  proxy.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':method'] !== 'CONNECT') {
      stream.respond({ ':status': 200 });
      stream.end('no tunnel');
      return;
    }
    const to = Number(headers[':authority'].split(':')[1]);
    if (!Object.values(behind).includes(to)) {
      stream.respond({ ':status': 403 }, { endStream: true });
      return;
    }
    const socket = net.connect(to, '127.0.0.1', () => {
      stream.respond({ ':status': 200 });
      stream.pipe(socket).pipe(stream);
    });
    socket.on('error', () => stream.close());
  });
  await listening(plain, behind.plain);
  await listening(secure, behind.secure);
  await listening(proxy, port);
  const session = http2.connect(`https://localhost:${port}`, { ca: pem.cert, lookup: (_, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4) });
  session.socket.on('keylog', log);
  const tunnel = to => new Promise(resolve => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': `localhost:${to}` });
    stream.on('error', () => {});
    stream.on('response', headers => resolve([headers[':status'], stream]));
  });
  const [, first] = await tunnel(behind.plain);
  await talk(() => new WebSocket(`ws://localhost:${behind.plain}/plain`, { createConnection: () => first }), 'h2 in clear');
  const [, second] = await tunnel(behind.secure);
  const inner = tls.connect({ socket: second, servername: 'localhost', ca: pem.cert });
  inner.on('keylog', log);
  await new Promise(resolve => inner.on('secureConnect', resolve));
  await talk(() => new WebSocket(`ws://localhost:${behind.secure}/secure`, { createConnection: () => inner }), 'h2 and TLS');
  const [status] = await tunnel(1);
  if (status !== 403) throw new Error(`${status}`);
  await new Promise(resolve => {
    const get = session.request({ ':path': '/' });
    get.resume();
    get.on('end', resolve);
  });
  session.close();
  setTimeout(() => process.exit(), 300);
}

main();
