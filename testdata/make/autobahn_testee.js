// An echo peer for Autobahn's fuzzers, node `ws`: autobahn_testee.js server|client PORT.
const { WebSocket, WebSocketServer } = require("ws");
const [what, port] = [process.argv[2], +process.argv[3]];
const echo = (ws) => {
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }, () => {}));
  ws.on("error", () => {});
};
const url = `ws://127.0.0.1:${port}`;
const run = (path, then) => {
  const ws = new WebSocket(url + path, { maxPayload: 0, perMessageDeflate: true });
  echo(ws);
  ws.on("close", then);
};
if (what === "server") {
  new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: true, maxPayload: 0 }).on("connection", echo);
} else {
  let count = 0, n = 0;
  const next = () => ++n <= count ? run(`/runCase?case=${n}&agent=ws`, next) : run("/updateReports?agent=ws", () => {});
  const ws = new WebSocket(url + "/getCaseCount");
  ws.on("message", (data) => (count = JSON.parse(data)));
  ws.on("close", next);
}
