// The charts over time: connections as bars, rates, round trips of pings. They share one window, which is zoomed and moved.

const WIDE = 1000;

// The whole span of the captures, in nanoseconds from `origin`.
const span = (() => {
  const times = data.connections.flatMap(({ began, ended }) => [began, ended]);
  times.push(...data.captures.flatMap((capture) => [nanos(capture.first_time), nanos(capture.last_time)]));
  const known = times.filter((time) => time !== null);
  if (known.length === 0) return null;
  const origin = known.reduce((a, b) => (a < b ? a : b));
  const end = known.reduce((a, b) => (a > b ? a : b));
  return { origin, length: Math.max(1000, Number(end - origin)) };
})();

const since = (time) => Number(time - span.origin);

// Round steps for an axis: 1, 2 or 5 times a power of ten.
function steps(from, to, about) {
  const rough = (to - from) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const out = [];
  for (let n = Math.ceil(from / step); n * step <= to; n += 1) out.push(n * step);
  return out;
}

// Words at the pointer; for keyboards and screen readers charts carry titles and links.
const tip = {
  show(event, text) {
    this.element ??= document.body.appendChild(el("div", { class: "tip", "aria-hidden": "true" }));
    this.element.textContent = text;
    this.element.hidden = false;
    const { clientX: x, clientY: y } = event;
    this.element.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - this.element.offsetWidth - 8))}px`;
    this.element.style.top = `${y + this.element.offsetHeight + 24 > innerHeight ? y - this.element.offsetHeight - 10 : y + 16}px`;
  },
  hide() {
    if (this.element) this.element.hidden = true;
  },
};

class Timeline {
  constructor() {
    this.from = 0;
    this.to = span.length;
    this.lanes = lanes();
    const button = (label, sign, act) =>
      el("button", { type: "button", "aria-label": label, title: label, onclick: act }, sign);
    this.readout = el("output", { class: "window", "aria-live": "polite" });
    this.tools = el(
      "div",
      { class: "tools", role: "group", "aria-label": "Window of time" },
      button("Zoom in", "+", () => this.zoom(0.5)),
      button("Zoom out", "−", () => this.zoom(2)),
      button("Earlier", "‹", () => this.move(-0.25)),
      button("Later", "›", () => this.move(0.25)),
      button("Show all", "All", () => this.set(0, span.length)),
      this.readout,
    );
    this.host = el("div", { class: "over-time" });
    this.element = el(
      "div",
      {
        tabindex: 0,
        role: "group",
        class: "timeline",
        "aria-label": "Charts over time. Plus and minus zoom, left and right arrows move, zero shows all.",
        onkeydown: (event) => this.key(event),
      },
      this.tools,
      this.host,
    );
    this.host.addEventListener("pointerdown", (event) => this.drag(event));
    this.host.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.draw();
  }

  set(from, to) {
    const least = Math.min(span.length, 2000);
    const length = Math.min(span.length, Math.max(least, to - from));
    this.from = Math.min(Math.max(0, from), span.length - length);
    this.to = this.from + length;
    this.draw();
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  move(share) {
    const by = (this.to - this.from) * share;
    this.set(this.from + by, this.to + by);
  }

  key(event) {
    const act = {
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      0: () => this.set(0, span.length),
      ArrowLeft: () => this.move(-0.2),
      ArrowRight: () => this.move(0.2),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  // Time under the pointer.
  under(event) {
    const box = this.host.querySelector("svg").getBoundingClientRect();
    return this.from + ((event.clientX - box.left) / box.width) * (this.to - this.from);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.under(event));
  }

  // Dragging over a chart chooses the window.
  drag(event) {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const start = this.under(event);
    const x = event.clientX;
    const box = this.host.getBoundingClientRect();
    const mark = el("div", { class: "brush" });
    const follow = (moved) => {
      const [left, right] = [Math.min(x, moved.clientX), Math.max(x, moved.clientX)];
      if (right - left < 4) return;
      event.preventDefault();
      if (!mark.isConnected) this.host.append(mark);
      mark.style.left = `${left - box.left}px`;
      mark.style.width = `${right - left}px`;
    };
    const done = (moved) => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerup", done);
      if (!mark.isConnected) return;
      mark.remove();
      const end = this.under(moved);
      // The click that ends a drag is none.
      this.host.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
      setTimeout(() => this.set(Math.min(start, end), Math.max(start, end)));
    };
    addEventListener("pointermove", follow);
    addEventListener("pointerup", done);
  }

  x(time) {
    return ((time - this.from) / (this.to - this.from)) * WIDE;
  }

  draw() {
    const all = this.from === 0 && this.to === span.length;
    this.readout.textContent = all
      ? `${duration(span.length)} in all`
      : `${duration(this.to - this.from)} from ${this.from === 0 ? "the start" : `+${duration(this.from)}`}`;
    this.host.replaceChildren(this.axis(), this.bars(), ...this.rates(), ...this.trips());
  }

  chart(label, height, ...content) {
    return el(
      "figure",
      { class: "chart" },
      el("figcaption", {}, label),
      svg(
        "svg",
        {
          viewBox: `0 0 ${WIDE} ${height}`,
          preserveAspectRatio: "none",
          height,
          role: "img",
          "aria-label": typeof label === "string" ? label : label.textContent,
        },
        ...content,
      ),
    );
  }

  axis() {
    const marks = steps(this.from, this.to, 6).filter((time) => this.x(time) < WIDE * 0.94);
    return el(
      "div",
      { class: "axis", "aria-hidden": "true" },
      marks.map((time) => {
        const tick = el("span", {}, time === 0 ? "0" : `+${duration(time)}`);
        tick.style.left = `${this.x(time) / (WIDE / 100)}%`;
        return tick;
      }),
    );
  }

  grid(height) {
    return steps(this.from, this.to, 6).map((time) =>
      svg("line", { class: "tick", x1: this.x(time), x2: this.x(time), y1: 0, y2: height }),
    );
  }

  // A bar for each connection; a mark where something was found.
  bars() {
    const pitch = this.lanes.count > 60 ? 4 : this.lanes.count > 20 ? 8 : this.lanes.count > 6 ? 14 : 20;
    const height = this.lanes.count * pitch + 2;
    const out = [];
    let drawn = 0;
    const last = new Map();
    for (const [connection, lane] of this.lanes.of) {
      const [start, end] = [since(connection.began), since(connection.ended ?? connection.began)];
      if (end < this.from || start > this.to || drawn > 3000) continue;
      const x = Math.max(-2, this.x(start));
      const width = Math.max(2.5, Math.min(WIDE + 2, this.x(end)) - x);
      // What is too near to tell apart is drawn once.
      if (width < 3 && last.get(lane) !== undefined && x - last.get(lane) < 1) continue;
      last.set(lane, x + width);
      drawn += 1;
      const worst = connection.found.reduce(
        (least, { severity, known }) => (known ? least : Math.min(least, ORDER[severity])),
        3,
      );
      const text = `connection ${connection.id}: ${outcome(connection)}, ${duration(lasted(connection))}${refused(connection) ? "" : `, closed ${closedHow(connection)}`}`;
      const y = lane * pitch + 1;
      const name = ["error", "warning", "note", "fine"][worst];
      const bar = svg(
        "a",
        {
          href: `#c${connection.id}`,
          class: `bar ${name}`,
          "aria-label": text,
          tabindex: this.lanes.of.length > 40 ? -1 : null,
        },
        svg("rect", { x, y, width, height: pitch - 2, rx: Math.min(2, pitch / 4) }),
      );
      const marks = connection.found
        .filter(({ severity, packet, frame }) => severity !== "note" && packet !== null && frame !== null)
        .slice(0, 60);
      for (const { frame, severity } of marks) {
        const time = this.timeOf(connection, frame);
        if (time === null || time < this.from || time > this.to) continue;
        bar.append(
          svg("rect", { class: `fault ${severity}`, x: this.x(time) - 1.5, y: y - 0.5, width: 3, height: pitch - 1 }),
        );
      }
      bar.addEventListener("pointermove", (event) => tip.show(event, text));
      bar.addEventListener("pointerleave", () => tip.hide());
      out.push(bar);
    }
    const label = `Connections, ${grouped(data.connections.length)}${drawn > 3000 ? ", the first 3000 of this window" : ""}`;
    const figure = this.chart(label, height, ...this.grid(height), ...out);
    figure.querySelector("svg").setAttribute("role", "group");
    return figure;
  }

  timeOf(connection, frame) {
    const table = framesOf(connection);
    const row = table.of(frame);
    if (row < 0) return null;
    const { time } = table.at(row);
    return Number.isNaN(time) ? null : since(connection.began) + time;
  }

  // Bytes in each interval: what the client sent upwards, what the server sent downwards.
  rates() {
    const { bins, width } = data.activity;
    if (bins.length === 0) return [];
    const height = 110;
    const pixels = 240;
    // Intervals narrower than a bar are put together.
    const per = Math.max(width, (this.to - this.from) / pixels);
    const sums = new Map();
    for (const [start, clientFrames, clientBytes, serverFrames, serverBytes] of bins) {
      const time = Math.max(0, since(BigInt(start)));
      if (time + width < this.from || time > this.to) continue;
      const at = Math.floor(time / per);
      const sum = sums.get(at) ?? { clientFrames: 0, clientBytes: 0, serverFrames: 0, serverBytes: 0 };
      sums.set(at, {
        clientFrames: sum.clientFrames + clientFrames,
        clientBytes: sum.clientBytes + clientBytes,
        serverFrames: sum.serverFrames + serverFrames,
        serverBytes: sum.serverBytes + serverBytes,
      });
    }
    let most = 1;
    for (const { clientBytes, serverBytes } of sums.values()) most = Math.max(most, clientBytes, serverBytes);
    // Long and short ones are both visible on a scale of square roots.
    const tall = (bytes, frames) => (frames === 0 ? 0 : Math.max(1.5, Math.sqrt(bytes / most) * (height / 2 - 2)));
    const out = [svg("line", { class: "middle", x1: 0, x2: WIDE, y1: height / 2, y2: height / 2 })];
    for (const [at, sum] of sums) {
      const x = this.x(at * per);
      const wide = Math.max(1.6, (per / (this.to - this.from)) * WIDE - 0.6);
      const [up, down] = [tall(sum.clientBytes, sum.clientFrames), tall(sum.serverBytes, sum.serverFrames)];
      const text =
        `+${duration(at * per)}, ${duration(per)}: client ${counted(sum.clientFrames, "frame")}, ${size(sum.clientBytes)}; ` +
        `server ${counted(sum.serverFrames, "frame")}, ${size(sum.serverBytes)}`;
      const group = svg(
        "g",
        { class: "rate" },
        svg("rect", { class: "over", x, y: 0, width: wide, height }),
        svg("rect", { class: "client", x, y: height / 2 - up, width: wide, height: up }),
        svg("rect", { class: "server", x, y: height / 2, width: wide, height: down }),
      );
      group.addEventListener("pointermove", (event) => tip.show(event, text));
      group.addEventListener("pointerleave", () => tip.hide());
      out.push(group);
    }
    const label = el(
      "span",
      {},
      "Payload, ",
      el("span", { class: "role client" }, "client"),
      " up, ",
      el("span", { class: "role server" }, "server"),
      ` down; the tallest is ${size(most)} in ${duration(per)}, heights are square roots`,
    );
    return [this.chart(label, height, ...this.grid(height), ...out)];
  }

  trips() {
    const { pings, round_trips: all } = data.activity;
    if (pings.length === 0) return [];
    const height = 90;
    const most = pings.reduce((longest, [, , , took]) => Math.max(longest, took), 1);
    const out = [];
    for (const [connection, pong, time, took] of pings) {
      const at = since(BigInt(time));
      if (at < this.from || at > this.to) continue;
      const y = height - 6 - (took / most) * (height - 12);
      const text = `ping answered after ${duration(took)} (connection ${connection}, frame ${pong})`;
      // Circles would be drawn out by the chart's scale: a line of no length with round ends is not.
      const dot = svg(
        "a",
        { href: `#c${connection}f${pong}`, class: "trip", "aria-label": text, tabindex: pings.length > 40 ? -1 : null },
        svg("path", { d: `M${this.x(at)} ${y}h0` }),
      );
      dot.addEventListener("pointermove", (event) => tip.show(event, text));
      dot.addEventListener("pointerleave", () => tip.hide());
      out.push(dot);
    }
    const drawn = pings.length < all ? `, ${grouped(pings.length)} of ${grouped(all)} drawn` : "";
    const figure = this.chart(
      `Round trips of pings, up to ${duration(most)}${drawn}`,
      height,
      ...this.grid(height),
      ...out,
    );
    figure.querySelector("svg").setAttribute("role", "group");
    return [figure];
  }
}

// Each connection has a lane, while there is room; then those that do not overlap share them, from top to bottom in turn.
function lanes() {
  const [own, most] = [40, 90];
  const ends = [];
  const of = [];
  const timed = data.connections.filter(({ began }) => began !== null);
  timed.sort((a, b) => (a.began < b.began ? -1 : a.began > b.began ? 1 : a.id - b.id));
  let lane = -1;
  for (const connection of timed) {
    const next = (lane + 1) % own;
    const free = (at) => ends[at] === undefined || ends[at] < connection.began;
    lane = ends.length < own || free(next) ? next : ends.findIndex((_, at) => free(at));
    if (lane < 0) lane = ends.length < most ? ends.length : connection.id % most;
    ends[lane] = connection.ended ?? connection.began;
    of.push([connection, lane]);
  }
  return { of, count: Math.max(1, ends.length) };
}

function drawTime() {
  const section = byId("time");
  if (span === null) section.append(el("p", { class: "quiet" }, "Nothing in the captures says when it happened."));
  else if (data.connections.length > 0) section.append(new Timeline().element);
  section.append(el("div", { class: "panels" }, sizesChart(), closingsChart()));
  if (!section.querySelector(".timeline, .panel")) section.hidden = true;
}
