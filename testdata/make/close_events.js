// Headless Chromium against a server of raw bytes: a connection for each way to end one. Prints the CloseEvents.
const http = require("http"), crypto = require("crypto"), fs = require("fs"), os = require("os"), path = require("path");
const { spawn } = require("child_process");
const port = +process.argv[2];
const frame = (first, body) => Buffer.concat([Buffer.from([first, body.length]), Buffer.from(body)]);
const close = (code, reason = "") => frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
// What the server does when the client's text comes, and when its Close does.
const ways = [
  [(s) => s.write(close(4001, "kicked")), (s) => s.end()],
  [null, (s) => s.end(close(4000, "that was all"))],
  [(s) => s.end()],
  [(s) => s.resetAndDestroy()],
  [null, (s) => s.resetAndDestroy()],
  [null, (s) => (s.write(close(1000, "x")), setTimeout(() => s.resetAndDestroy(), 50))],
  [(s) => s.write(frame(0x88, "")), (s) => s.end()],
  [null, (s) => s.end()],
  [(s) => s.write(close(4001, "kicked")), (s) => s.resetAndDestroy()],
  [null, (s) => s.end(close(1001, "bye"))],
  [(s) => s.write(close(1000, "é")), (s) => s.end()],
  [(s) => s.write(frame(0x91, "x")), (s) => s.end()],
];
const page = `<!doctype html><link rel="icon" href="data:,"><script>
const closes = ${JSON.stringify(ways.map(([text]) => !text))};
function next(n) {
  if (n === closes.length) return fetch("/done");
  const ws = new WebSocket("ws://127.0.0.1:${port}/case" + n);
  ws.onopen = () => closes[n] ? ws.close(4000, "that was all") : ws.send("hi");
  ws.onclose = (e) => fetch("/told?" + encodeURIComponent([n, e.code, e.wasClean, e.reason])).then(() => next(n + 1));
}
next(0);</script>`;
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "profile"));
let browser;
const server = http.createServer((request, response) => {
  if (request.url.startsWith("/told?")) console.log(decodeURIComponent(request.url.slice(6)));
  if (request.url === "/done") setTimeout(() => browser.kill(), 300);
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page);
});
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = crypto.createHash("sha1").update(key).digest("base64");
  const [text, closed] = ways[+request.url.slice(5)];
  socket.on("error", () => {});
  socket.on("data", (data) => ((data[0] & 15) === 8 ? closed : text)?.(socket));
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
});
server.listen(port, "127.0.0.1", () => {
  browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], { stdio: "ignore" });
  browser.on("exit", () => { fs.rmSync(profile, { recursive: true, force: true }); process.exit(0); });
});
