// All connections as a list, and the one that is looked at: its handshake, its ladder, its frames.

const view = { connection: null, frame: null };

function worstOf(connection) {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity, known } of connection.found) if (!known) counts[severity] += 1;
  return counts;
}

const both = (connection, name) =>
  connection.stats ? connection.stats.client[name] + connection.stats.server[name] : 0;

const connectionGrid = new Grid({
  label: "Connections",
  name: "list",
  rows: 12,
  choose: (connection, how) => go(`#c${connection.id}`, how === "move"),
  columns: [
    { name: "id", label: "#" },
    { name: "ends", label: "client → server" },
    { name: "request", label: "request" },
    { name: "outcome", label: "answer" },
    { name: "frames", label: "frames" },
    { name: "bytes", label: "payload" },
    { name: "close", label: "close" },
    { name: "lasted", label: "time" },
    { name: "found", label: "findings" },
  ],
  cells: (connection) => {
    const { handshake } = connection;
    const counts = worstOf(connection);
    const accept =
      handshake?.accept && !handshake.accept.valid && handshake.response?.status === 101
        ? el("span", { class: "wrong" }, " accept wrong")
        : null;
    return [
      String(connection.id),
      [
        el("span", { class: "role client" }, endpoint(connection.client)),
        " → ",
        el("span", { class: "role server" }, endpoint(connection.server)),
      ],
      handshake?.request ? quoted(`${handshake.request.method} ${handshake.request.target}`) : "—",
      [outcome(connection), accept],
      grouped(both(connection, "frames")),
      size(both(connection, "payload_bytes")),
      closedHow(connection),
      duration(lasted(connection)),
      Object.entries(counts)
        .filter(([severity, n]) => n > 0 && severity !== "note")
        .map(([severity, n]) =>
          badge(severity, [String(n), el("span", { class: "unseen" }, ` ${severity}${n === 1 ? "" : "s"}`)]),
        ),
    ];
  },
});

const frameBox = el("article", { class: "frame", "aria-label": "The chosen frame", tabindex: -1 });
const frameList = new Frames((frame, how) => {
  go(`#c${frame.connection.id}f${frame.index}`, true);
  // On a narrow screen the frame is below the list.
  if (how === "enter" || (how === "click" && frameBox.getBoundingClientRect().top > innerHeight - 120))
    reveal(frameBox);
});
// What is told of a connection above its frames. The list of frames stays where it is, and keeps focus and place.
const connectionBox = el("div");
const framesCut = el("p", { class: "cut", hidden: true });

function drawConnections() {
  const section = byId("connections");
  if (data.connections.length === 0) {
    section.hidden = true;
    return;
  }
  if (data.cut.connections > 0)
    section.append(
      el(
        "p",
        { class: "cut" },
        `${counted(data.cut.connections, "further connection")} did not fit on this page, those without a fault before others; charts and findings count them.`,
      ),
    );
  section.append(connectionGrid.element);
  connectionGrid.show(data.connections);
}

// Header lines as they stood.
function headers(title, head, first) {
  if (!head) return el("div", { class: "head" }, el("h4", {}, title), el("p", { class: "quiet" }, "not captured"));
  const telling = /^(connection|upgrade|host|origin|sec-websocket-.*)$/i;
  return el(
    "div",
    { class: "head" },
    el("h4", {}, title, el("span", { class: "quiet" }, ` packet ${head.packet}`)),
    el(
      "div",
      { class: "lines", tabindex: 0, role: "region", "aria-label": title },
      el("p", { class: "first" }, quoted(first)),
      el(
        "dl",
        {},
        head.headers.map(([name, value]) =>
          el(
            "div",
            { class: telling.test(name) ? "telling" : null },
            el("dt", {}, quoted(name)),
            el("dd", {}, quoted(value)),
          ),
        ),
      ),
    ),
  );
}

function handshakeView(connection) {
  const { handshake } = connection;
  if (handshake === null)
    return el(
      "p",
      { class: "notice" },
      "The capture begins within this connection: its opening handshake is not in it.",
    );
  const { request, response, accept } = handshake;
  const parts = [
    el(
      "div",
      { class: "heads" },
      headers("Request", request, request && `${request.method} ${request.target} ${request.version}`),
      headers("Answer", response, response && `${response.status ?? ""} ${response.reason}`),
    ),
  ];
  if (accept) {
    parts.push(
      el(
        "p",
        { class: `accept ${accept.valid ? "right" : "wrong"}` },
        el("b", {}, accept.valid ? "✓ The accept value is right: " : "✕ The accept value is wrong: "),
        "base64(SHA-1(",
        el("code", {}, quoted(request?.key ?? "?")),
        " + GUID)) = ",
        el("code", {}, accept.expected),
        accept.valid
          ? ""
          : [
              ", and the answer says ",
              el("code", {}, quoted(accept.received)),
              accept.cause ? ` (${accept.cause})` : "",
            ],
      ),
    );
  }
  return el("details", { class: "handshake" }, el("summary", {}, "Opening handshake"), parts);
}

function headline(connection) {
  const { handshake, tls, extensions, stats, closing } = connection;
  const rtt = stats?.ping_rtt;
  const code = (role) => {
    const value = closing?.[`${role}_code`];
    const reason = closing?.[`${role}_reason`];
    if (!closing || reason === null) return null;
    return [
      value === null ? "none" : `${value} ${CLOSE_CODES[value] ?? ""}`,
      reason ? [" ", quoted(`“${reason}”`)] : null,
    ];
  };
  return facts([
    [
      "began",
      connection.first_time === null
        ? null
        : connection.first_time.replace("T", " ").replace(/(\.\d{6})\d*Z/, "$1 UTC"),
    ],
    ["lasted", duration(lasted(connection))],
    [
      "transport",
      tls
        ? [
            isStream(connection) ? "HTTP/2, " : "",
            tls.version ?? "TLS",
            tls.server_name ? [" to ", quoted(tls.server_name)] : "",
          ]
        : isStream(connection)
          ? "HTTP/2 in clear"
          : "TCP",
    ],
    [
      "protocol",
      [
        handshake?.protocol_family ?? "unknown",
        handshake?.response?.protocol ? [", ", quoted(handshake.response.protocol)] : "",
      ],
    ],
    ["extensions", extensions.length > 0 ? quoted(extensions.map(({ name }) => name).join(", ")) : null],
    ["client sent", stats && `${counted(stats.client.frames, "frame")}, ${size(stats.client.payload_bytes)}`],
    ["server sent", stats && `${counted(stats.server.frames, "frame")}, ${size(stats.server.payload_bytes)}`],
    [
      "ping round trip",
      rtt?.count
        ? `${duration(rtt.median * 1e9)} median of ${rtt.count}, ${duration(rtt.min * 1e9)} to ${duration(rtt.max * 1e9)}`
        : null,
    ],
    ["client’s close", code("client")],
    ["server’s close", code("server")],
    [
      isStream(connection) ? "stream ended" : "TCP ended",
      {
        fin: isStream(connection) ? "with END_STREAM" : "with FIN",
        rst: isStream(connection) ? "with RST_STREAM" : "with RST",
        open: refused(connection) ? "not with this attempt" : "not in the capture",
      }[closing?.tcp_end] ?? null,
    ],
  ]);
}

function foundView(connection) {
  const heard = connection.found.filter(({ severity }) => severity !== "note");
  const notes = connection.found.length - heard.length;
  const line = (finding) =>
    el(
      "li",
      { class: finding.severity },
      badge(finding.severity),
      " ",
      finding.frame === null ? null : [el("a", { href: placeOf(finding) }, `frame ${finding.frame}`), " "],
      quoted(finding.message),
      " ",
      el("a", { href: `#r-${finding.rule}` }, el("code", {}, finding.rule)),
    );
  return [
    heard.length > 0 ? el("div", { class: "found-here" }, growing(heard, line, 6)) : null,
    notes > 0
      ? el(
          "details",
          { class: "notes-here" },
          el("summary", {}, counted(notes, "note")),
          growing(
            connection.found.filter(({ severity }) => severity === "note"),
            line,
            12,
          ),
        )
      : null,
  ];
}

function showConnection(connection) {
  if (view.connection === connection) return;
  view.connection = connection;
  const section = byId("connection");
  section.hidden = false;
  section.setAttribute("aria-label", `Connection ${connection.id}`);
  connectionBox.replaceChildren(
    el(
      "h3",
      {},
      `Connection ${connection.id} `,
      el(
        "span",
        { class: "ends" },
        el("span", { class: "role client" }, endpoint(connection.client)),
        " → ",
        el("span", { class: "role server" }, endpoint(connection.server)),
      ),
    ),
    headline(connection),
    ...foundView(connection).filter(Boolean),
    handshakeView(connection),
    el("details", { class: "ladder-box", open: true }, el("summary", {}, "Ladder"), ladder(connection)),
  );
  const all = both(connection, "frames");
  const here = framesOf(connection).count;
  framesCut.hidden = here >= all;
  framesCut.textContent = `${grouped(here)} of ${counted(all, "frame")} are on this page: those that findings are about, the first and the last.`;
  if (!connectionBox.isConnected) {
    section.append(
      connectionBox,
      el("h3", { id: "frames-title" }, "Frames"),
      framesCut,
      el("div", { class: "browser" }, frameList.element, frameBox),
    );
  }
  connectionGrid.mark(data.connections.indexOf(connection));
  frameList.look(null);
  frameList.show(connection);
  showFrame(null);
}

function showFrame(frame) {
  view.frame = frame;
  frameList.look(frame);
  if (frame === null) {
    frameBox.replaceChildren(el("p", { class: "quiet" }, "Choose a frame to see its bits and bytes."));
    return;
  }
  drawFrame();
}

// The ruler is as wide as there is room for.
function drawFrame() {
  const width = frameBox.clientWidth >= 560 ? 32 : 16;
  frameBox.dataset.width = width;
  frameBox.replaceChildren(...frameView(view.frame, { width, ...frameList.beside() }).flat());
}

new ResizeObserver(() => {
  if (view.frame && frameBox.dataset.width !== String(frameBox.clientWidth >= 560 ? 32 : 16)) drawFrame();
}).observe(frameBox);
