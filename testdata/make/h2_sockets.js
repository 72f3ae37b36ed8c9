// node's http2 with `ws` on the streams: /echo answers what it is sent, with permessage-deflate where it is offered;
// /close closes with 4001 after the first message; /cut resets the stream with CANCEL; anything else is refused with 403.
const path = require("path");
const WebSocket = require("ws"), inner = (name) => require(path.join(path.dirname(require.resolve("ws")), "lib", name));
const PerMessageDeflate = inner("permessage-deflate"), extension = inner("extension");

module.exports = (stream, headers) => {
  if (headers[":method"] !== "CONNECT" || headers[":protocol"] !== "websocket") {
    stream.respond({ ":status": 404 }, { endStream: true });
    return;
  }
  const place = headers[":path"].split("?")[0];
  if (!["/echo", "/close", "/cut"].includes(place)) {
    stream.respond({ ":status": 403, "content-type": "text/plain" });
    stream.end("not here\n");
    return;
  }
  const answer = { ":status": 200 };
  const chosen = (headers["sec-websocket-protocol"] || "").split(",")[0].trim();
  if (chosen) answer["sec-websocket-protocol"] = chosen;
  const ws = new WebSocket(null, undefined, { autoPong: true });
  const offered = headers["sec-websocket-extensions"], offers = offered ? extension.parse(offered) : {};
  if (place === "/echo" && offers["permessage-deflate"]) {
    const deflate = new PerMessageDeflate({ threshold: 0, isServer: true, maxPayload: 1 << 20 });
    deflate.accept(offers["permessage-deflate"]);
    ws._extensions["permessage-deflate"] = deflate;
    answer["sec-websocket-extensions"] = extension.format({ "permessage-deflate": [deflate.params] });
  }
  stream.respond(answer);
  ws.setSocket(stream, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 1 << 20, skipUTF8Validation: false });
  ws.on("error", () => {});
  ws.on("message", (data, binary) => {
    if (place === "/close") return ws.close(4001, "as asked");
    if (place === "/cut") return stream.close(8);
    ws.send(data, { binary });
  });
};
