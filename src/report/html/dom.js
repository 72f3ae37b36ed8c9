// Elements, and numbers and strange text written for people. Text from a capture reaches the page through text nodes
// alone: nothing here or elsewhere makes markup from a string.

const SVG = "http://www.w3.org/2000/svg";

// An element; `on…` are listeners, `class` and the like are attributes, children are elements or text.
function el(tag, attributes, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return dressed(document.createElementNS(SVG, tag), attributes, children);
}

function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

const byId = (id) => document.getElementById(id);

// 1 234 567, with narrow spaces that do not break.
function grouped(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function counted(n, noun) {
  return `${grouped(n)} ${noun}${Number(n) === 1 ? "" : "s"}`;
}

// Decimal units, as in the table that the terminal shows.
function size(bytes) {
  let value = Number(bytes);
  if (value < 1000) return `${value} B`;
  const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
  let unit = 0;
  value /= 1000;
  while (value >= 999.95 && unit + 1 < units.length) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

function duration(nanos) {
  if (nanos === null || Number.isNaN(nanos)) return "?";
  const seconds = nanos / 1e9;
  if (nanos === 0) return "0 s";
  if (seconds < 0) return `−${duration(-nanos)}`;
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toFixed(1)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  return `${Math.floor(whole / 86400)} d ${two(Math.floor(whole / 3600) % 24)} h`;
}

// Text in which what hides or turns text around is made visible.
function printable(text) {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g,
    (character) => {
      const code = character.codePointAt(0);
      if (code < 0x20) return String.fromCodePoint(0x2400 + code);
      if (code === 0x7f) return "\u2421";
      return `\u27e8${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
    },
  );
}

const hex2 = (byte) => byte.toString(16).padStart(2, "0");
const hexOf = (bytes, between = "") => Array.from(bytes, hex2).join(between);

// A stranger's text, kept apart from the text around it.
function quoted(text, attributes) {
  return el("bdi", attributes, printable(text));
}

const severityMark = { error: "✕", warning: "!", note: "i" };

// A severity as a mark with its name for those who do not see it.
function badge(severity, text) {
  return el(
    "span",
    { class: `badge ${severity}` },
    el("span", { class: "mark", "aria-hidden": "true" }, severityMark[severity]),
    text ?? severity,
  );
}

// Says something that nothing on the page shows, for a while.
function announce(text) {
  const hint = byId("hint");
  hint.textContent = text;
  clearTimeout(announce.waiting);
  announce.waiting = setTimeout(() => hint.replaceChildren(), 8000);
}
