// Node `ws` client and server: deflate without context takeover and with 10 bit windows, then a terminate().
const { WebSocketServer, WebSocket } = require("ws");
const port = +process.argv[2];
const perMessageDeflate = {
  serverNoContextTakeover: true, clientNoContextTakeover: true,
  serverMaxWindowBits: 10, clientMaxWindowBits: 10, threshold: 0,
};
const server = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate });
server.on("connection", (ws, request) => {
  ws.on("message", (data, isBinary) => {
    if (request.url === "/cut") return ws.terminate();
    ws.send(data, { binary: isBinary });
  });
  ws.on("error", () => {});
});
const json = JSON.stringify({ list: Array.from({ length: 60 }, (_, i) => ({ id: i, name: `entry number ${i}` })) });
const messages = ["Hello", "Hello", json, json, Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * i) & 255))];

server.on("listening", () => {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/echo`, ["v2.chat", "v1.chat"], { perMessageDeflate });
  const next = () => {
    if (messages.length) return ws.send(messages.shift());
    ws.send("not compressed", { compress: false });
    ws.send("first part, ", { fin: false });
    ws.send("second part, ", { fin: false });
    ws.ping("between the parts");
    ws.send("end", { fin: true });
    ws.once("pong", () => setTimeout(() => ws.close(1000, "done"), 50));
  };
  ws.on("open", next);
  let got = 0;
  ws.on("message", () => ++got < 6 && next());
  ws.on("close", () => {
    const cut = new WebSocket(`ws://127.0.0.1:${port}/cut`, { perMessageDeflate });
    cut.on("open", () => cut.send("please cut the line"));
    cut.on("error", () => {});
    cut.on("close", () => server.close());
  });
});
