// The facts of the analysis, read from the block of JSON in the page. The columns of frames are spelled out for one
// connection at a time, when it is looked at (see columns.rs for the encoding).

const data = JSON.parse(byId("data").textContent);

const OPCODES = [
  "continuation",
  "text",
  "binary",
  "reserved-3",
  "reserved-4",
  "reserved-5",
  "reserved-6",
  "reserved-7",
  "close",
  "ping",
  "pong",
  "reserved-b",
  "reserved-c",
  "reserved-d",
  "reserved-e",
  "reserved-f",
];

// IANA's "WebSocket Close Code Number Registry" (RFC 6455 §11.7).
const CLOSE_CODES = {
  1000: "Normal Closure",
  1001: "Going Away",
  1002: "Protocol error",
  1003: "Unsupported Data",
  1004: "Reserved",
  1005: "No Status Rcvd",
  1006: "Abnormal Closure",
  1007: "Invalid frame payload data",
  1008: "Policy Violation",
  1009: "Message Too Big",
  1010: "Mandatory Ext.",
  1011: "Internal Error",
  1012: "Service Restart",
  1013: "Try Again Later",
  1014: "Bad Gateway",
  1015: "TLS handshake",
  3000: "Unauthorized",
  3003: "Forbidden",
  3008: "Timeout",
};

// RFC 3339 with nanoseconds as nanoseconds since 1970, which a number is too short for.
function nanos(time) {
  if (time === null) return null;
  const [seconds, fraction] = time.replace("Z", "").split(".");
  return BigInt(Date.parse(`${seconds}Z`)) * 1000000n + BigInt((fraction ?? "").padEnd(9, "0"));
}

const connections = new Map();
for (const connection of data.connections) {
  connection.began = nanos(connection.first_time);
  connection.ended = nanos(connection.last_time ?? null);
  connection.found = [];
  connections.set(connection.id, connection);
}
// The order on the page is the order in time; what is gravest comes first in the list by rule.
for (const [number, finding] of data.findings.entries()) {
  finding.number = number;
  connections.get(finding.connection)?.found.push(finding);
}
for (const connection of data.connections) {
  connection.found.sort((a, b) => (a.packet ?? 0) - (b.packet ?? 0) || a.number - b.number);
}

const lasted = (connection) =>
  connection.began === null || connection.ended === null ? null : Number(connection.ended - connection.began);

const endpoint = ({ ip, port }) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);

// What came of the handshake, in a word or two.
function outcome({ handshake }) {
  if (handshake === null) return "mid-stream";
  if (handshake.response === null) return "no answer";
  return handshake.response.status === null ? "no HTTP answer" : String(handshake.response.status);
}

// Whether it is a stream of HTTP/2, where any 2xx is the answer hoped for (RFC 8441 §5).
const isStream = ({ transport }) => transport.startsWith("h2");

// Whether the upgrade came to nothing: there was no WebSocket to close then.
function refused(connection) {
  const response = connection.handshake?.response;
  if (response == null) return false;
  return isStream(connection) ? Math.floor(response.status / 100) !== 2 : response.status !== 101;
}

// How the connection was closed, as the table in the terminal says it.
function closedHow(connection) {
  const { closing } = connection;
  if (!closing) return "";
  if (refused(connection)) return closing.tcp_end === "open" ? "—" : `— ${closing.tcp_end}`;
  const { client_reason: client, server_reason: server, tcp_end: end } = closing;
  if (client === null && server === null) return { open: "open", rst: "— rst", fin: "1006" }[end];
  const code = (reason, value) => (reason === null ? "—" : String(value ?? 1005));
  const how = end === "rst" ? "rst" : closing.clean ? "clean" : end;
  return `${code(client, closing.client_code)}/${code(server, closing.server_code)} ${how}`;
}

function base64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let n = 0; n < binary.length; n += 1) bytes[n] = binary.charCodeAt(n);
  return bytes;
}

// A column as a function from row to value: one value stands for a column of equal ones.
const column = (values) => (Array.isArray(values) ? (row) => values[row] : () => values);

// A column of differences as a column of values.
function summed(values, count, start) {
  const difference = column(values);
  const out = new Float64Array(count);
  let sum = start;
  for (let row = 0; row < count; row += 1) {
    const step = difference(row);
    if (step === null) out[row] = NaN;
    else {
      sum += step;
      out[row] = sum;
    }
  }
  return out;
}

// The frames of a connection that are on the page. `at(row)` makes a frame; `of(index)` finds a frame's row.
function framesOf(connection) {
  if (connection.table) return connection.table;
  const columns = connection.frames;
  const { count, sender } = columns;
  const index = summed(columns.index, count, -1);
  const time = summed(columns.time, count, 0);
  const packet = summed(columns.packet, count, 0);
  const read = {};
  for (const name of ["packets", "first", "form", "key", "length", "missing", "message", "payload", "offset"]) {
    read[name] = column(columns[name]);
  }
  const offset = new Float64Array(count);
  const ends = { c: 0, s: 0 };
  for (let row = 0; row < count; row += 1) {
    const side = sender[row];
    offset[row] = ends[side] + read.offset(row);
    ends[side] = offset[row] + headerLength(read, row) + Number(read.length(row));
  }
  const answers = new Map(columns.pongs.map(([row, ping, after]) => [row, { ping, after }]));
  const marks = new Map();
  for (const finding of connection.found) {
    if (finding.frame === null) continue;
    if (!marks.has(finding.frame)) marks.set(finding.frame, []);
    marks.get(finding.frame).push(finding);
  }
  const at = (row) => {
    const first = read.first(row);
    return {
      connection,
      row,
      index: index[row],
      sender: sender[row] === "c" ? "client" : "server",
      time: columns.time === null || connection.began === null ? NaN : time[row],
      packet: packet[row],
      lastPacket: packet[row] + read.packets(row),
      offset: offset[row],
      fin: first >> 7,
      rsv: (first >> 4) & 7,
      opcode: first & 15,
      key: read.key(row),
      form: formOf(read, row),
      headerLength: headerLength(read, row),
      length: read.length(row),
      missing: read.missing(row),
      message: messagesOf(connection).get(read.message(row)) ?? null,
      messageIndex: read.message(row),
      payload: base64(read.payload(row)),
      answers: answers.get(row) ?? null,
      found: marks.get(index[row]) ?? [],
    };
  };
  const of = (wanted) => {
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (index[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return index[low] === wanted ? low : -1;
  };
  connection.table = {
    count,
    index,
    at,
    of,
    marks,
    sender: (row) => sender[row],
    opcode: (row) => read.first(row) & 15,
  };
  return connection.table;
}

// Which of the three forms spells the length (RFC 6455 §5.2).
function formOf(read, row) {
  const length = Number(read.length(row));
  return read.form(row) || (length < 126 ? 7 : length < 65536 ? 16 : 64);
}

function headerLength(read, row) {
  return 2 + { 7: 0, 16: 2, 64: 8 }[formOf(read, row)] + (read.key(row) === null ? 0 : 4);
}

// The messages of a connection by index.
function messagesOf(connection) {
  if (connection.messageTable) return connection.messageTable;
  const columns = connection.messages;
  const table = new Map();
  const read = {};
  for (const [name, values] of Object.entries(columns)) read[name] = column(values);
  for (let row = 0; row < columns.count; row += 1) {
    table.set(read.index(row), {
      index: read.index(row),
      kind: columns.kind[row] === "t" ? "text" : "binary",
      firstFrame: read.first_frame(row),
      frames: read.frames(row),
      compressed: read.compressed(row),
      wireLength: read.wire_length(row),
      length: read.length(row),
      complete: read.complete(row),
      sha256: read.sha256(row),
      payload: read.payload(row),
    });
  }
  connection.messageTable = table;
  return table;
}

// The bytes as text, or null where they are none; what is cut may end inside a character.
function utf8(bytes, cut) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut });
  } catch {
    return null;
  }
}

// What a frame says: `text` or `hex`, as the JSON report has it, and whether there is more.
function said(frame) {
  const { payload, opcode } = frame;
  const cut = payload.length < Number(frame.length);
  const hex = { hex: hexOf(payload), cut };
  if (frame.rsv & 4) return hex;
  if (opcode === 8 && payload.length >= 2) {
    const text = utf8(payload.subarray(2), cut);
    return text === null ? hex : { code: payload[0] * 256 + payload[1], text, cut };
  }
  if (opcode === 2 || (opcode === 8 && payload.length === 1)) return hex;
  const text = utf8(payload, cut);
  if (text === null || (opcode !== 1 && /[\u0000-\u001f\u007f-\u009f]/.test(text))) return hex;
  return { text, cut };
}

// What a whole message says, inflated.
function saidWhole(message, frame) {
  const bytes = message.payload === null ? frame.payload : base64(message.payload);
  const cut = message.length === null || bytes.length < Number(message.length);
  const text = message.kind === "text" ? utf8(bytes, cut) : null;
  return { bytes, cut, text };
}

// A frame's payload in one line.
function preview(frame) {
  const { message } = frame;
  if (message?.compressed && message.firstFrame === frame.index) {
    const { text, bytes, cut } = saidWhole(message, frame);
    return (text ?? hexOf(bytes.subarray(0, 64))) + (cut ? "…" : "");
  }
  const { text, hex, code, cut } = said(frame);
  const words = text === undefined ? hex : text;
  const named =
    code === undefined ? "" : `${code}${CLOSE_CODES[code] ? ` ${CLOSE_CODES[code]}` : ""}${words ? " · " : ""}`;
  return named + words + (cut ? "…" : "");
}
