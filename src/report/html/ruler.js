// A frame's header bit by bit in the layout of RFC 6455 §5.2: 32 bits to a row, 16 where the screen is narrow.

// The header's bytes as they were on the wire, made from its fields again.
function headerBytes(frame) {
  const bytes = [(frame.fin << 7) | (frame.rsv << 4) | frame.opcode];
  const mask = frame.key === null ? 0 : 0x80;
  const length = BigInt(frame.length);
  if (frame.form === 7) bytes.push(mask | Number(length));
  else {
    bytes.push(mask | (frame.form === 16 ? 126 : 127));
    for (let shift = frame.form - 8; shift >= 0; shift -= 8) bytes.push(Number((length >> BigInt(shift)) & 255n));
  }
  return bytes.concat(keyBytes(frame));
}

function keyBytes(frame) {
  return frame.key === null ? [] : frame.key.match(/../g).map((pair) => parseInt(pair, 16));
}

// The payload as it was on the wire: each byte XOR the key's byte at its index modulo 4 (RFC 6455 §5.3).
function wireBytes(frame) {
  const key = keyBytes(frame);
  return key.length === 0 ? frame.payload : frame.payload.map((byte, n) => byte ^ key[n % 4]);
}

// The fields of RFC 6455 §5.2, in order: name, bits, what they mean here, section, and how they are drawn.
function fieldsOf(frame) {
  const { opcode, form, rsv, fin, key } = frame;
  const control = opcode > 7;
  const first = form === 7 ? frame.length : form === 16 ? 126 : 127;
  const reserved = ![0, 1, 2, 8, 9, 10].includes(opcode);
  const fields = [
    {
      name: "FIN",
      bits: 1,
      kind: "fin",
      value: fin,
      section: "5.4",
      words: fin
        ? control
          ? "Control frames are never fragmented."
          : opcode === 0
            ? "The last fragment of its message."
            : "The whole message is in this frame."
        : "More fragments of this message follow.",
    },
    {
      name: "RSV1",
      bits: 1,
      kind: "rsv",
      value: rsv >> 2,
      section: "5.2",
      words: rsv & 4 ? "Set: with permessage-deflate, the message is compressed (RFC 7692 §6)." : "Not set.",
    },
    {
      name: "RSV2",
      bits: 1,
      kind: "rsv",
      value: (rsv >> 1) & 1,
      section: "5.2",
      words: rsv & 2 ? "Set, and no registered extension uses it." : "Not set.",
    },
    {
      name: "RSV3",
      bits: 1,
      kind: "rsv",
      value: rsv & 1,
      section: "5.2",
      words: rsv & 1 ? "Set, and no registered extension uses it." : "Not set.",
    },
    {
      name: "opcode",
      bits: 4,
      kind: "opcode",
      value: opcode,
      note: opcode === 0 ? "contin." : reserved ? "reserved" : OPCODES[opcode],
      section: control ? "5.5" : "5.6",
      words: `0x${opcode.toString(16).toUpperCase()} ${OPCODES[opcode]}${reserved ? ": no meaning is defined for it." : ""}`,
    },
    {
      name: "MASK",
      bits: 1,
      kind: "mask",
      value: key === null ? 0 : 1,
      section: "5.1",
      words:
        (key !== null) === (frame.sender === "client")
          ? key === null
            ? "Not masked, as frames from servers must be."
            : "Masked, as frames from clients must be."
          : key === null
            ? "Not masked, and frames from clients must be."
            : "Masked, and frames from servers must not be.",
    },
    {
      name: "Payload len",
      bits: 7,
      kind: "length",
      value: first,
      section: "5.2",
      words:
        form === 7
          ? `${first}: up to 125, these bits are the length.`
          : form === 16
            ? "126: the length is in the next 16 bits."
            : "127: the length is in the next 64 bits.",
    },
  ];
  if (form > 7) {
    fields.push({
      name: "Extended payload length",
      bits: form,
      kind: "length",
      value: BigInt(frame.length),
      section: "5.2",
      words: `${grouped(frame.length)} bytes.`,
    });
  }
  if (key !== null)
    fields.push({
      name: "Masking-key",
      bits: 32,
      kind: "key",
      section: "5.3",
      note: key.match(/../g).join(" "),
      words: `${key.match(/../g).join(" ")}, for the payload’s bytes in turn.`,
    });
  return fields;
}

// Cells of at most `width` bits in rows; a field goes on in the next row.
function cellsOf(fields, bits, width) {
  const rows = [[]];
  let room = width;
  let at = 0;
  for (const field of fields) {
    let left = field.bits;
    while (left > 0) {
      const take = Math.min(left, room);
      rows.at(-1).push({ field, bits: bits.slice(at, at + take), from: field.bits - left });
      at += take;
      left -= take;
      room -= take;
      if (room === 0) {
        rows.push([]);
        room = width;
      }
    }
  }
  if (rows.at(-1).length === 0) rows.pop();
  return rows;
}

function ruler(frame, width) {
  const header = headerBytes(frame);
  const wire = wireBytes(frame);
  const fields = fieldsOf(frame);
  // Some of the payload, to the end of a row.
  const perRow = width / 8;
  const behind = (perRow - (header.length % perRow)) % perRow;
  const shown = Math.min(wire.length, behind + perRow);
  if (shown > 0) fields.push({ name: "Payload data", bits: shown * 8, kind: "payload", words: "" });
  const bytes = [...header, ...wire.subarray(0, shown)];
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const rows = cellsOf(fields, bits, width);
  const decade = Array.from({ length: width }, (_, n) =>
    el("th", { scope: "col" }, n % 10 === 0 ? el("b", {}, String(n / 10)) : "", el("br"), String(n % 10)),
  );
  const body = rows.map((cells, n) => {
    const start = n * perRow;
    const hex = hexOf(bytes.slice(start, start + perRow), " ");
    const used = cells.reduce((sum, cell) => sum + cell.bits.length, 0);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, String(start)),
      cells.map((cell) => drawn(cell, frame)),
      used < width ? el("td", { colspan: width - used, class: "none" }) : null,
      el("td", { class: "hex" }, hex),
    );
  });
  const rest = Number(frame.length) - shown;
  return el(
    "div",
    { class: "ruler-box", tabindex: 0, role: "region", "aria-label": `Bits of frame ${frame.index}` },
    el(
      "table",
      { class: `ruler w${width}` },
      el(
        "caption",
        {},
        "The header in the layout of ",
        el(
          "a",
          {
            href: "https://www.rfc-editor.org/rfc/rfc6455.html#section-5.2",
            target: "_blank",
            rel: "noreferrer noopener external",
          },
          "RFC 6455 §5.2",
        ),
      ),
      el("thead", {}, el("tr", {}, el("td"), decade, el("td"))),
      el("tbody", {}, body),
    ),
    rest > 0 ? el("p", { class: "quiet" }, `… and ${counted(rest, "further byte")} of payload`) : null,
  );
}

function drawn({ field, bits, from }, frame) {
  const one = bits.length === 1;
  const name = from > 0 ? `${field.name} (continued)` : field.name;
  const letters = [
    el("span", { class: "name", "aria-hidden": "true" }, Array.from(name).join("\n")),
    el("span", { class: "unseen" }, name),
  ];
  let value = null;
  if (field.kind === "payload") value = payloadBytes(frame, from / 8, bits.length / 8);
  else if (!one && from === 0) value = el("span", {}, field.note ?? String(field.value));
  return el(
    "td",
    { colspan: bits.length, class: `${field.kind}${one ? " one" : ""}` },
    one ? letters : el("span", { class: "name" }, name),
    el(
      "span",
      { class: "bits" },
      Array.from(bits, (bit) => el("span", {}, bit)),
    ),
    value ? el("span", { class: "value" }, value) : null,
  );
}

// Each byte of a payload cell, unmasked, with its character where it has one.
function payloadBytes(frame, from, count) {
  const wire = wireBytes(frame);
  const key = keyBytes(frame);
  return Array.from(frame.payload.subarray(from, from + count), (byte, n) => {
    const character = byte > 0x20 && byte < 0x7f ? ` ‘${String.fromCharCode(byte)}’` : "";
    const sum = key.length === 0 ? "" : `${hex2(wire[from + n])}⊕${hex2(key[(from + n) % 4])}=`;
    return el("span", {}, sum + hex2(byte) + character);
  });
}
