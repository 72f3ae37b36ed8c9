// Headless Chromium against node `ws` without compression: subprotocol, text, blob, array buffer, close by the server.
const http = require("http"), fs = require("fs"), os = require("os"), path = require("path");
const { spawn } = require("child_process");
const { WebSocketServer } = require("ws");
const port = +process.argv[2];
const page = `<!doctype html><link rel="icon" href="data:,"><script>
const ws = new WebSocket("ws://127.0.0.1:${port}/chat?x=1", ["chat.v2", "chat.v1"]);
const send = ["Hello from Chromium", "Grüße 你好 👋", new Blob(["a blob ", "of two parts"]),
              new Uint8Array(200).map((_, i) => i).buffer, "please close"];
ws.onopen = () => ws.send(send.shift());
ws.onmessage = () => send.length && ws.send(send.shift());
</script>`;
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "profile"));
const web = http.createServer((request, response) =>
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page));
const server = new WebSocketServer({ server: web, perMessageDeflate: false,
  handleProtocols: (offered) => (offered.has("chat.v1") ? "chat.v1" : false) });
let browser;
server.on("connection", (ws) => {
  ws.on("message", (data, isBinary) =>
    String(data) === "please close" ? ws.close(4002, "as you like") : ws.send(data, { binary: isBinary }));
  ws.on("close", () => setTimeout(() => browser.kill(), 300));
});
web.listen(port, "127.0.0.1", () => {
  browser = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], { stdio: "ignore" });
  browser.on("exit", () => { fs.rmSync(profile, { recursive: true, force: true }); process.exit(0); });
});
