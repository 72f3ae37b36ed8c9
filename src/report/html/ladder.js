// A connection as a ladder: the client left, the server right, time downwards, an arrow for whatever was sent.

// Rungs that are drawn at the beginning and at the end of a long connection.
const RUNGS = { first: 24, last: 10, more: 100 };

function rung({ time, from, label, note, href, kind, found, current }) {
  const worst = found
    ?.filter(({ known }) => !known)
    .map(({ severity }) => severity)
    .sort((a, b) => ORDER[a] - ORDER[b])[0];
  const words = el(
    "span",
    { class: "words" },
    worst ? badge(worst, "") : null,
    el("b", {}, label),
    note ? [" ", el("span", { class: "note" }, note)] : null,
  );
  const direction = el(
    "span",
    { class: "unseen" },
    from === "client" ? " from client to server" : from === "server" ? " from server to client" : "",
  );
  return el(
    "li",
    { class: `rung ${from ?? "both"} ${kind ?? ""}`, "aria-current": current ? "true" : null },
    el("span", { class: "when" }, time),
    el(
      href ? "a" : "span",
      { class: "wire", href: href ?? null },
      words,
      direction,
      el("span", { class: "arrow", "aria-hidden": "true" }),
    ),
  );
}

function frameRung(frame) {
  const { opcode, answers, message, fin } = frame;
  const name = OPCODES[opcode] + (fin || opcode > 7 ? "" : " …");
  const length =
    message?.compressed && message.firstFrame === frame.index && message.length !== null
      ? `${size(message.wireLength)}, inflated ${size(message.length)}`
      : size(frame.length);
  const text = preview(frame);
  const after = answers
    ? ` ${answers.after === null ? "" : `${duration(answers.after)} `}after the ping in frame ${answers.ping}`
    : "";
  return rung({
    time: Number.isNaN(frame.time) ? "" : duration(frame.time),
    from: frame.sender,
    label: name,
    kind: opcode > 7 ? "control" : "",
    found: frame.found,
    href: `#c${frame.connection.id}f${frame.index}`,
    note: [
      text ? quoted(text.length > 64 ? `${text.slice(0, 64)}…` : text) : null,
      el("span", { class: "length" }, ` ${length}${after}`),
    ],
  });
}

function ladder(connection) {
  const list = el("ol", { class: "ladder" });
  const { handshake, closing } = connection;
  const table = framesOf(connection);
  const below = isStream(connection) ? "stream" : "TCP";
  list.append(
    el(
      "li",
      { class: "ends", "aria-hidden": "true" },
      el("span", { class: "role client" }, "client"),
      el("span", { class: "role server" }, "server"),
    ),
  );
  list.append(rung({ time: "0 s", label: below, note: `first packet ${connection.first_packet}`, kind: "tcp" }));
  if (handshake === null)
    list.append(rung({ time: "", label: "mid-stream", note: "the opening handshake was not captured", kind: "cut" }));
  const { request, response } = handshake ?? {};
  if (request) {
    list.append(
      rung({
        time: "",
        from: "client",
        label: "HTTP",
        note: [quoted(`${request.method} ${request.target}`), ` packet ${request.packet}`],
      }),
    );
  }
  if (response) {
    const took = handshake.duration === null ? "" : ` after ${duration(handshake.duration * 1e9)}`;
    list.append(
      rung({
        time: "",
        from: "server",
        label: "HTTP",
        note: [quoted(`${response.status ?? "?"} ${response.reason}`), ` packet ${response.packet}${took}`],
      }),
    );
  }
  const tail = el("li", { class: "rung tail", hidden: true });
  list.append(tail);
  const rungs = (row) => {
    const missing = table.index[row] - (row > 0 ? table.index[row - 1] : -1) - 1;
    const cut =
      missing > 0 ? [rung({ time: "", label: counted(missing, "frame"), note: "not on this page", kind: "cut" })] : [];
    return [...cut, frameRung(table.at(row))];
  };
  const add = (row) => tail.before(...rungs(row));
  const { count } = table;
  if (count <= RUNGS.first + RUNGS.last + 4) for (let row = 0; row < count; row += 1) add(row);
  else {
    let next = 0;
    const end = count - RUNGS.last;
    const more = el("button", { type: "button", class: "more" });
    const grow = (by) => {
      for (const stop = Math.min(end, next + by); next < stop; next += 1) add(next);
      more.textContent = `Show ${grouped(Math.min(RUNGS.more, end - next))} more of ${counted(end - next, "frame")}`;
      if (next === end) tail.remove();
    };
    more.addEventListener("click", () => grow(RUNGS.more));
    grow(RUNGS.first);
    tail.hidden = false;
    tail.append(el("span", { class: "when" }), more);
    for (let row = end; row < count; row += 1) list.append(...rungs(row));
  }
  const ends = isStream(connection) ? { fin: "END_STREAM", rst: "RST_STREAM" } : { fin: "FIN", rst: "RST" };
  const how = { ...ends, open: refused(connection) ? "goes on" : "still open" }[closing?.tcp_end] ?? "";
  const took = lasted(connection);
  list.append(
    rung({
      time: took === null ? "" : duration(took),
      label: `${below} ${how}`,
      note: `last packet ${connection.last_packet ?? "?"}`,
      kind: `tcp ${closing?.tcp_end ?? ""}`,
    }),
  );
  return list;
}
