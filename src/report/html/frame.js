// One frame: where it is, what was found about it, its bits, its fields in words, its bytes.

// Hexadecimal with characters beside it, sixteen bytes a line.
function dump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const some = bytes.subarray(at, at + 16);
    const hex = hexOf(some, " ").padEnd(47, " ");
    const text = Array.from(some, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex}  ${text}`);
  }
  return lines.join("\n");
}

// Three views of the same bytes, of which one is seen.
function views(list) {
  const box = el("pre", { class: "bytes", tabindex: 0, "aria-label": "Bytes" });
  const buttons = list.map(({ name, make }) =>
    el(
      "button",
      {
        type: "button",
        "aria-pressed": "false",
        onclick: (event) => {
          for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
          box.textContent = make();
        },
      },
      name,
    ),
  );
  buttons[0].click();
  return [el("div", { class: "tools", role: "group", "aria-label": "View of the bytes" }, buttons), box];
}

function facts(pairs) {
  return el(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== "")
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function frameView(frame, { width, previous, next }) {
  const { connection, message, found } = frame;
  const family = connection.handshake?.protocol_family ?? "rfc6455";
  const id = `#c${connection.id}f${frame.index}`;
  const step = (label, sign, target) =>
    el(
      "a",
      {
        class: `step${target ? "" : " off"}`,
        href: target ?? null,
        "aria-label": label,
        "aria-disabled": target ? null : "true",
        role: target ? null : "link",
      },
      sign,
    );
  const when =
    connection.began === null || Number.isNaN(frame.time) ? null : `${duration(frame.time)} after the connection began`;
  const packets = frame.lastPacket === frame.packet ? String(frame.packet) : `${frame.packet} to ${frame.lastPacket}`;
  const head = el(
    "header",
    { class: "frame-head" },
    el(
      "h4",
      {},
      "Frame ",
      String(frame.index),
      " ",
      el("span", { class: `role ${frame.sender}` }, frame.sender === "client" ? "client → server" : "server → client"),
      " ",
      el("code", {}, OPCODES[frame.opcode]),
    ),
    el(
      "span",
      { class: "steps" },
      step("Frame before", "↑", previous),
      step("Next frame", "↓", next),
      el("a", { class: "step", href: id, "aria-label": `Link to this frame: ${id}` }, id),
    ),
  );
  const parts = [
    head,
    facts([
      ["time", when],
      ["packet", packets],
      ["stream offset", grouped(frame.offset)],
      ["on the wire", `${frame.headerLength} + ${grouped(frame.length)} bytes`],
      ["missing", Number(frame.missing) > 0 ? counted(frame.missing, "byte") : null],
      ["message", frame.messageIndex === null ? null : String(frame.messageIndex)],
      [
        "answers",
        frame.answers
          ? [
              el("a", { href: `#c${connection.id}f${frame.answers.ping}` }, `the ping in frame ${frame.answers.ping}`),
              frame.answers.after === null ? "" : `, ${duration(frame.answers.after)} before`,
            ]
          : null,
      ],
    ]),
  ];
  if (found.length > 0) {
    parts.push(
      el(
        "ul",
        { class: "frame-findings" },
        found.map((finding) =>
          el(
            "li",
            { class: finding.severity },
            badge(finding.severity),
            " ",
            quoted(finding.message),
            " ",
            el("a", { href: `#r-${finding.rule}` }, el("code", {}, finding.rule)),
            finding.rfc ? ` ${finding.rfc}` : "",
          ),
        ),
      ),
    );
  }
  if (!/^(rfc6455|hybi)/.test(family))
    parts.push(
      el(
        "p",
        { class: "notice" },
        `The draft ${family} frames in another way: what stands here is its nearest likeness.`,
      ),
    );
  else {
    parts.push(ruler(frame, width));
    parts.push(
      el(
        "details",
        { class: "fields" },
        el("summary", {}, "The fields in words"),
        el(
          "dl",
          {},
          fieldsOf(frame).map((field) =>
            el(
              "div",
              {},
              el("dt", { class: field.kind }, field.name),
              el("dd", {}, field.words, " ", el("span", { class: "quiet" }, `§${field.section}`)),
            ),
          ),
        ),
      ),
    );
  }
  parts.push(...contents(frame, message));
  return parts;
}

function contents(frame, message) {
  const parts = [];
  const whole = message && message.firstFrame === frame.index ? saidWhole(message, frame) : null;
  if (whole && (message.compressed || message.frames > 1)) {
    const how = [message.frames > 1 ? counted(message.frames, "frame") : null, message.compressed ? "inflated" : null]
      .filter(Boolean)
      .join(", ");
    const lengths = `${size(message.wireLength)} on the wire${message.length === null ? "" : `, ${size(message.length)} as a message`}`;
    parts.push(
      el("h5", {}, `Message ${message.index} (${how})`),
      el("p", { class: "quiet" }, lengths + (message.complete ? "" : ", not complete")),
    );
    if (whole.text !== null)
      parts.push(
        el(
          "pre",
          { class: "text", tabindex: 0, "aria-label": "The message's text" },
          quoted(whole.text),
          whole.cut ? el("span", { class: "quiet" }, "…") : null,
        ),
      );
    else parts.push(el("pre", { class: "bytes", tabindex: 0, "aria-label": "The message's bytes" }, dump(whole.bytes)));
  }
  if (message?.sha256 && message.firstFrame === frame.index)
    parts.push(el("p", { class: "digest" }, "SHA-256 ", el("code", {}, message.sha256)));
  if (Number(frame.length) === 0) return [...parts, el("p", { class: "quiet" }, "No payload.")];
  const cut = frame.payload.length < Number(frame.length);
  parts.push(
    el("h5", {}, "Payload"),
    el(
      "p",
      { class: "quiet" },
      cut
        ? `the first ${grouped(frame.payload.length)} of ${counted(frame.length, "byte")}`
        : counted(frame.length, "byte"),
    ),
  );
  const { text } = said(frame);
  const list = [];
  if (frame.payload.length > 0) {
    list.push({ name: frame.key === null ? "Bytes" : "Unmasked", make: () => dump(frame.payload) });
    if (frame.key !== null) list.push({ name: "As on the wire", make: () => dump(wireBytes(frame)) });
    if (text) list.push({ name: "Text", make: () => printable(text) });
    parts.push(views(list));
  }
  return parts;
}
