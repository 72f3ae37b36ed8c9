// The list of frames: filter, search, choose. Frames are read when they come into sight.

class Frames {
  // `choose(frame, how)` is told what is chosen.
  constructor(choose) {
    this.choose = choose;
    this.grid = new Grid({
      label: "Frames",
      name: "frames",
      rows: 22,
      choose: (item, how) => item?.row !== undefined && choose(this.read(item), how),
      columns: [
        { name: "index", label: "frame" },
        { name: "time", label: "time" },
        { name: "sender", label: "from" },
        { name: "opcode", label: "opcode" },
        { name: "flags", label: "flags" },
        { name: "length", label: "length" },
        { name: "payload", label: "payload" },
      ],
      cells: (item) => this.cells(item),
      rowClass: (item) =>
        item.row === undefined
          ? "gap"
          : item.connection && framesOf(item.connection).sender(item.row) === "c"
            ? "client"
            : "server",
    });
    const option = (value, text) => el("option", { value }, text ?? value);
    const change = { onchange: () => this.apply() };
    this.sender = el("select", change, option("", "both sides"), option("c", "client"), option("s", "server"));
    this.opcode = el(
      "select",
      change,
      option("", "every opcode"),
      option("0"),
      ...[1, 2, 8, 9, 10].map((n) => option(String(n), OPCODES[n])),
      option("data", "all data frames"),
      option("control", "all control frames"),
      option("reserved", "reserved"),
    );
    this.opcode.options[1].textContent = "continuation";
    this.rule = el("select", change);
    this.text = el("input", {
      type: "search",
      placeholder: "text, or 0x and hex",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => {
        clearTimeout(this.waiting);
        this.waiting = setTimeout(() => this.apply(), 120);
      },
    });
    this.everywhere = el("input", { type: "checkbox", onchange: () => this.apply() });
    this.count = el("output", { class: "count", "aria-live": "polite" });
    const labelled = (name, control) => el("label", {}, el("span", {}, name), control);
    this.bar = el(
      "form",
      { class: "filter", role: "search", "aria-label": "Filter frames", onsubmit: (event) => event.preventDefault() },
      labelled("From", this.sender),
      labelled("Opcode", this.opcode),
      labelled("Rule", this.rule),
      labelled("Search", this.text),
      data.connections.length > 1
        ? el("label", { class: "check" }, this.everywhere, el("span", {}, "all connections"))
        : null,
      el("button", { type: "button", class: "clear", onclick: () => this.clear() }, "Clear"),
      this.count,
    );
    this.element = el("div", { class: "frames-box" }, this.bar, this.grid.element);
  }

  read({ connection, row }) {
    return framesOf(connection).at(row);
  }

  cells(item) {
    if (item.row === undefined) return ["⋯", "", "", "", "", "", `${counted(item.missing, "frame")} not on this page`];
    const frame = this.read(item);
    const worst = frame.found.filter(({ known }) => !known).sort((a, b) => ORDER[a.severity] - ORDER[b.severity])[0];
    const flags = `${frame.fin ? "FIN" : "···"}${frame.rsv ? ` RSV${[4, 2, 1].map((bit, n) => (frame.rsv & bit ? n + 1 : "")).join("")}` : ""}${frame.key === null ? "" : " M"}`;
    const name = this.everywhere.checked ? `${frame.connection.id}:${frame.index}` : String(frame.index);
    return [
      name,
      Number.isNaN(frame.time) ? "?" : (frame.time / 1e9).toFixed(6),
      el("span", { class: `role ${frame.sender}` }, frame.sender),
      OPCODES[frame.opcode],
      flags,
      grouped(frame.length),
      [
        worst
          ? [badge(worst.severity, ""), el("span", { class: `rule-name ${worst.severity}` }, worst.rule), " "]
          : null,
        quoted(preview(frame).slice(0, 200)),
      ],
    ];
  }

  // Another connection, as it is left when nothing is filtered.
  show(connection) {
    this.connection = connection;
    const rules = [
      ...new Set([
        ...connection.found.map(({ rule }) => rule),
        ...(data.connections.length > 1 ? Object.keys(data.rules) : []),
      ]),
    ];
    const before = this.rule.value;
    const here = new Set(connection.found.map(({ rule }) => rule));
    this.rule.replaceChildren(
      el("option", { value: "" }, "any or none"),
      el("option", { value: "*" }, "any finding"),
      ...rules.sort().map((id) => el("option", { value: id }, here.has(id) ? id : `${id} (elsewhere)`)),
    );
    this.rule.value = rules.includes(before) || before === "*" ? before : "";
    this.apply();
  }

  clear() {
    [this.sender.value, this.opcode.value, this.rule.value, this.text.value] = ["", "", "", ""];
    this.everywhere.checked = false;
    this.apply();
    this.text.focus();
  }

  // The frames that every part of the filter admits.
  apply() {
    const { value: sender } = this.sender;
    const { value: opcode } = this.opcode;
    const { value: rule } = this.rule;
    const sought = seeker(this.text.value);
    const whole = !sender && !opcode && !rule && !sought;
    const items = [];
    let frames = 0;
    let onPage = 0;
    for (const connection of this.everywhere.checked ? data.connections : [this.connection]) {
      const table = framesOf(connection);
      onPage += table.count;
      let before = -1;
      for (let row = 0; row < table.count; row += 1) {
        if (whole && table.index[row] - before > 1) items.push({ missing: table.index[row] - before - 1 });
        before = table.index[row];
        if (sender && table.sender(row) !== sender) continue;
        if (opcode && !ofKind(table.opcode(row), opcode)) continue;
        const found = rule ? table.marks.get(table.index[row]) : null;
        if (rule && !found?.some((finding) => rule === "*" || finding.rule === rule)) continue;
        if (sought && !sought(table.at(row))) continue;
        items.push({ connection, row });
        frames += 1;
      }
      const all = (connection.stats?.client.frames ?? 0) + (connection.stats?.server.frames ?? 0);
      if (whole && all - before > 1) items.push({ missing: all - before - 1 });
    }
    this.count.textContent = whole ? counted(frames, "frame") : `${grouped(frames)} of ${counted(onPage, "frame")}`;
    this.grid.show(items, this.place(items));
  }

  place(items) {
    return this.current
      ? items.findIndex(({ connection, row }) => row === this.current.row && connection === this.current.connection)
      : -1;
  }

  // The frame that is looked at.
  look(frame) {
    this.current = frame;
    this.grid.mark(frame ? this.place(this.grid.items) : -1);
  }

  // Links to the frames beside it in the list.
  beside() {
    const link = (at) => {
      const item = this.grid.items[at];
      return item?.row === undefined ? null : `#c${item.connection.id}f${framesOf(item.connection).index[item.row]}`;
    };
    const at = this.grid.chosen;
    return at < 0 ? {} : { previous: link(at - 1), next: link(at + 1) };
  }
}

function ofKind(opcode, wanted) {
  if (wanted === "data") return opcode < 3;
  if (wanted === "control") return opcode >= 8 && opcode <= 10;
  if (wanted === "reserved") return ![0, 1, 2, 8, 9, 10].includes(opcode);
  return String(opcode) === wanted;
}

// Whether a frame holds what is sought: text in any case, or bytes after 0x.
function seeker(wanted) {
  const text = wanted.trim();
  if (!text) return null;
  const bytes = text
    .match(/^0x([0-9a-f\s]+)$/i)?.[1]
    .replace(/\s/g, "")
    .toLowerCase();
  if (bytes) {
    // At whole bytes only.
    return (frame) => {
      const hex = hexOf(frame.payload);
      for (let at = hex.indexOf(bytes); at >= 0; at = hex.indexOf(bytes, at + 1)) if (at % 2 === 0) return true;
      return false;
    };
  }
  const lower = text.toLowerCase();
  return (frame) =>
    preview(frame).toLowerCase().includes(lower) ||
    frame.found.some(({ rule, message }) => rule.includes(lower) || message.toLowerCase().includes(lower));
}
