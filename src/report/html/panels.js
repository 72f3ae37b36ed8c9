// What is not about time: how large messages were, and how connections were closed.

// How many messages have how many bytes, by powers of two.
function sizesChart() {
  const { client, server } = data.activity.sizes;
  const bits = Math.max(client.length, server.length);
  if (bits === 0) return null;
  const from = Math.min(...[client, server].map((counts) => counts.findIndex((n) => n > 0)).filter((n) => n >= 0));
  const most = Math.max(...client, ...server, 1);
  const rows = [];
  for (let n = from; n < bits; n += 1) {
    const low = n === 0 ? 0 : 2 ** (n - 1);
    const name = n < 2 ? `${low} B` : `${plain(low)}–${plain(2 * low - 1)} B`;
    rows.push(
      el(
        "tr",
        {},
        el("th", { scope: "row" }, name),
        [
          ["client", client[n] ?? 0],
          ["server", server[n] ?? 0],
        ].map(([role, times]) => bar(role, times, most)),
      ),
    );
  }
  return el(
    "figure",
    { class: "panel" },
    el("figcaption", {}, "Message sizes"),
    el(
      "table",
      { class: "bars" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "length"),
          el("th", { scope: "col" }, el("span", { class: "role client" }, "client")),
          el("th", { scope: "col" }, el("span", { class: "role server" }, "server")),
        ),
      ),
      el("tbody", {}, rows),
    ),
  );
}

const plain = (n) =>
  n < 10000
    ? String(n)
    : n < 1e6
      ? `${Math.round(n / 1024)}Ki`
      : n < 1e9
        ? `${Math.round(n / 1048576)}Mi`
        : n.toExponential(0);

function bar(role, times, most) {
  const fill = el("span", { class: `fill ${role}` });
  fill.style.width = times === 0 ? "0" : `max(2px, ${(times / most) * 100}%)`;
  return el(
    "td",
    {},
    el("span", { class: "track" }, fill),
    el("span", { class: "n" }, times === 0 ? "·" : grouped(times)),
  );
}

function closingsChart() {
  const ways = Object.entries(data.activity.closings).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (ways.length === 0) return null;
  const most = ways[0][1];
  const rows = ways
    .slice(0, 16)
    .map(([how, times]) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, how, el("span", { class: "gloss" }, gloss(how))),
        bar(/^1000\/1000 clean$/.test(how) ? "good" : "plain", times, most),
      ),
    );
  return el(
    "figure",
    { class: "panel" },
    el("figcaption", {}, "How connections ended ", el("span", { class: "quiet" }, "client’s / server’s close code")),
    el("table", { class: "bars" }, el("tbody", {}, rows)),
    ways.length > 16 ? el("p", { class: "cut" }, `and ${counted(ways.length - 16, "further way")}`) : null,
  );
}

function gloss(how) {
  if (how === "refused") return "the upgrade was; there was no WebSocket to close";
  if (how === "open") return "still open when the capture ended";
  if (how === "— rst") return "torn down by an RST without a Close";
  if (how === "1006") return "TCP ended without a Close";
  const codes = how
    .split(" ")[0]
    .split("/")
    .filter((code) => code in CLOSE_CODES && code !== "1000");
  return [...new Set(codes)].map((code) => `${code} ${CLOSE_CODES[code]}`).join(", ");
}
