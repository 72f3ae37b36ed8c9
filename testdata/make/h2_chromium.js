// Headless Chromium with several WebSockets on one HTTP/2 connection.
// Usage: h2_chromium.js PORT BACKEND FOLDER [haproxy]: the folder holds the certificate and takes the key log. With haproxy
// the browser speaks HTTP/2 to it, and it HTTP/1.1 to node behind it.
const http = require("http"), http2 = require("http2"), fs = require("fs"), os = require("os"), path = require("path");
const { spawn } = require("child_process");
const { WebSocketServer } = require("ws");
const sockets = require("./h2_sockets.js");
const [port, backend, folder, proxy] = [+process.argv[2], +process.argv[3], process.argv[4], process.argv[5]];
const file = (name) => fs.readFileSync(path.join(folder, name));
const page = `<!doctype html><link rel="icon" href="data:,"><script>
const talk = (path, protocols, sends, then) => {
  const ws = new WebSocket("wss://localhost:${port}" + path, protocols);
  ws.binaryType = "arraybuffer";
  const next = () => sends.length ? ws.send(sends.shift()) : then(ws);
  ws.onopen = next;
  ws.onmessage = next;
  ws.onclose = ws.onerror = () => { if (--left === 0) fetch("/done"); };
};
let left = 4;
talk("/echo?n=1", ["chat"], ["one of several", "Grüße 你好 👋", "x".repeat(40000), new Uint8Array(300).map((_, i) => i)],
  (ws) => ws.close(1000, "bye"));
talk("/echo?n=2", [], ["another", "z".repeat(20000)], (ws) => ws.close());
talk("/close", [], ["please close"], () => {});
talk("/nowhere", [], [], () => {});
</script>`;
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "profile"));
let browser, haproxy;
const done = () => setTimeout(() => browser.kill(), 400);
const answer = (url, respond) => {
  if (url === "/done") done();
  respond(url === "/" ? page : "ok");
};
if (proxy) {
  const web = http.createServer((request, response) => answer(request.url, (text) =>
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(text)));
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: true,
    handleProtocols: (offered) => offered.values().next().value });
  web.on("upgrade", (request, socket, head) => {
    const place = request.url.split("?")[0];
    if (!["/echo", "/close"].includes(place)) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    server.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data, binary) =>
      place === "/close" ? ws.close(4001, "as asked") : ws.send(data, { binary })));
  });
  web.listen(backend, "127.0.0.1");
  const config = path.join(folder, "haproxy.cfg");
  fs.writeFileSync(config, `defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend f
  bind 127.0.0.1:${port} ssl crt ${path.join(folder, "both.pem")} alpn h2,http/1.1
  default_backend b
backend b
  server s 127.0.0.1:${backend}
`);
  haproxy = spawn("haproxy", ["-f", config], { stdio: "ignore" });
} else {
  const server = http2.createSecureServer({ key: file("key.pem"), cert: file("cert.pem"),
    settings: { enableConnectProtocol: true } });
  server.on("stream", (stream, headers) => headers[":method"] === "GET"
    ? answer(headers[":path"], (text) => { stream.respond({ ":status": 200, "content-type": "text/html; charset=utf-8" }); stream.end(text); })
    : sockets(stream, headers));
  server.listen(port, "127.0.0.1");
}
setTimeout(() => {
  browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
    "--host-resolver-rules=MAP localhost 127.0.0.1", `--ssl-key-log-file=${path.join(folder, "keys")}`,
    `--user-data-dir=${profile}`, `https://localhost:${port}/`], { stdio: "ignore" });
  browser.on("exit", () => {
    if (haproxy) haproxy.kill();
    fs.rmSync(profile, { recursive: true, force: true });
    process.exit(0);
  });
}, 1000);
setTimeout(() => browser.kill(), 30000);
