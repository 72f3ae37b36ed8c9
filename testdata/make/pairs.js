// As pairs.py, for node `ws` and for Chromium: pairs.js server ws PORT MODE [small], pairs.js client ws|chromium PORT MODE.
const { WebSocket, WebSocketServer } = require("ws");
const http = require("http"), fs = require("fs"), os = require("os"), path = require("path");
const { spawn } = require("child_process");
const [what, library, port, ...modes] = process.argv.slice(2);
const perMessageDeflate = modes.includes("deflate") ? { threshold: 0 } : false;
const offered = ["chat.v2", "chat.v1"], texts = ["Hello", "Grüße, 你好, 👋🏽 κόσμε"];
const sizes = modes.includes("small") ? [0, 125, 126, 3000] : [0, 125, 126, 65535, 65536, 200000];
const url = `ws://127.0.0.1:${port}`;

function server() {
  const server = new WebSocketServer({ port: +port, host: "127.0.0.1", perMessageDeflate, maxPayload: 0,
    handleProtocols: (names) => (names.has("chat.v1") ? "chat.v1" : false) });
  server.on("connection", (ws) => {
    ws.ping("server ping");
    ws.on("message", (data, isBinary) =>
      !isBinary && String(data) === "close" ? ws.close(1000, "server done") : ws.send(data, { binary: isBinary }));
    ws.on("error", () => {});
  });
}

function client() {
  const messages = [...texts, ...sizes.map((n) => Buffer.from(Array.from({ length: n }, (_, i) => (i * 31) & 255)))];
  const ws = new WebSocket(url + "/echo", offered, { perMessageDeflate, maxPayload: 0 });
  const next = () => {
    if (messages.length) return ws.send(messages.shift());
    ws.send("frag ", { fin: false });
    ws.ping("between");
    ws.send("men", { fin: false });
    ws.send("ted", { fin: true });
  };
  ws.on("open", next);
  ws.on("message", (data, isBinary) => !isBinary && String(data) === "frag mented" ? ws.close(1000, "bye") : next());
  ws.on("close", () => {
    const ws = new WebSocket(url + "/serverclose", offered, { perMessageDeflate });
    const say = [...texts, "close"];
    ws.on("open", () => ws.send(say.shift()));
    ws.on("message", () => ws.send(say.shift()));
  });
}

function chromium() {
  const page = `<!doctype html><link rel="icon" href="data:,"><script>
const texts = ${JSON.stringify(texts)}, sizes = ${JSON.stringify(sizes)};
function go(path, messages, end, then) {
  const ws = new WebSocket("${url}" + path, ${JSON.stringify(offered)});
  ws.binaryType = "arraybuffer";
  const next = () => messages.length ? ws.send(messages.shift()) : end(ws);
  ws.onopen = next;
  ws.onmessage = next;
  ws.onclose = then;
}
go("/echo", [...texts, ...sizes.map((n) => new Uint8Array(n).map((_, i) => i * 31))], (ws) => ws.close(1000, "bye"),
  () => go("/serverclose", [...texts, "close"], () => {}, () => fetch("/done")));
</script>`;
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "profile"));
  const web = http.createServer((request, response) => {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page);
    if (request.url === "/done") setTimeout(() => browser.kill(), 300);
  });
  let browser;
  web.listen(0, "127.0.0.1", () => {
    browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      `--user-data-dir=${profile}`, `http://127.0.0.1:${web.address().port}/`], { stdio: "ignore" });
    browser.on("exit", () => { fs.rmSync(profile, { recursive: true, force: true }); process.exit(0); });
    setTimeout(() => browser.kill(), 20000).unref();
  });
}

(what === "server" ? server : library === "ws" ? client : chromium)();
