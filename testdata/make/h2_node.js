// node's http2 client and server in clear, by prior knowledge. Usage: h2_node.js PORT [plain]
// The client frames by hand: `ws` has no HTTP/2 client. With "plain" there is no WebSocket at all.
const http2 = require("http2"), crypto = require("crypto");
const sockets = require("./h2_sockets.js");
const [port, plain] = [+process.argv[2], process.argv[3]];
const server = http2.createServer({ settings: { enableConnectProtocol: true } });
server.on("stream", (stream, headers) => {
  if (headers[":method"] === "CONNECT") return sockets(stream, headers);
  stream.respond({ ":status": 200, "content-type": "text/plain", "x-long": "v".repeat(200) });
  stream.end("plain ".repeat(5000));
});
// A masked frame.
const frame = (opcode, payload) => {
  const key = crypto.randomBytes(4), data = Buffer.from(payload);
  const length = data.length < 126 ? [0x80 | data.length] : [0x80 | 126, data.length >> 8, data.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), key, data.map((byte, i) => byte ^ key[i % 4])]);
};
const close = (code, reason) => frame(8, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
server.listen(port, "127.0.0.1", () => {
  const client = http2.connect(`http://127.0.0.1:${port}`);
  const end = () => { client.close(); server.close(); };
  const get = (path) => new Promise((then) => client.request({ ":path": path }).resume().on("end", then));
  // Opens a WebSocket, writes, and calls back with the status.
  const open = (path, more, opened) => new Promise((then) => {
    const stream = client.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": path,
      "sec-websocket-version": "13", origin: "http://localhost", ...more }, { endStream: false });
    stream.on("response", (headers) => opened && opened(stream, headers[":status"]));
    stream.on("error", () => {});
    stream.resume();
    stream.on("close", then);
  });
  client.on("remoteSettings", async () => {
    await get("/");
    if (plain) { await Promise.all([get("/a"), get("/b")]); return end(); }
    // Three at a time; frames cut anywhere by the writes.
    const echo = (n) => open(`/echo?n=${n}`, { "sec-websocket-protocol": "chat" }, (stream) => {
      const frames = Buffer.concat([frame(1, `hello from ${n}`), frame(9, "ping"), frame(1, "y".repeat(3000)), close(1000, "done")]);
      for (let at = 0; at < frames.length; at += 700) stream.write(frames.subarray(at, at + 700));
      stream.on("data", (data) => data.includes("done") && stream.end());
    });
    await Promise.all([echo(1), echo(2), get("/beside"), echo(3)]);
    await open("/close", {}, (stream) => {
      stream.write(frame(1, "please"));
      stream.once("data", () => { stream.write(close(4001, "as asked")); stream.end(); });
    });
    await open("/cut", {}, (stream) => stream.write(frame(1, "please")));
    await open("/nowhere", {}, () => {});
    end();
  });
});
