// What a program writes to a terminal, as a picture: text with SGR sequences (ECMA-48 §8.3.117) to SVG.

const COLOURS = {
  30: "#5c6370",
  31: "#ff8b80",
  32: "#7bc99a",
  33: "#e8b35c",
  34: "#84bfe8",
  35: "#d99ad4",
  36: "#6cc3da",
  37: "#e7e4dd",
  90: "#8b929d",
  91: "#ff8b80",
  92: "#7bc99a",
  93: "#e8b35c",
  94: "#84bfe8",
  95: "#ee91bd",
  96: "#6cc3da",
  97: "#ffffff",
};
// The 256 colours of xterm: sixteen names, a cube, a ramp of greys.
function indexed(n) {
  if (n < 16) return COLOURS[n < 8 ? 30 + n : 82 + n];
  const [r, g, b] =
    n >= 232
      ? Array(3).fill(8 + 10 * (n - 232))
      : [36, 6, 1].map((unit) => [0, 95, 135, 175, 215, 255][Math.floor((n - 16) / unit) % 6]);
  return `rgb(${r} ${g} ${b})`;
}

const [GROUND, INK, BAR] = ["#14161a", "#e7e4dd", "#20242a"];
// A character's width and a line's height.
const [WIDE, HIGH, SIZE] = [8.4, 18, 14];
const MARGIN = 18;
const HEAD = 34;

const escaped = (text) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// Changes the style by one code; those of a longer one are taken from `rest`.
function apply(code, rest, style) {
  const longer = () => (rest.shift() === 5 ? indexed(rest.shift()) : `rgb(${rest.splice(0, 3).join(" ")})`);
  if (code === 0) for (const name of Object.keys(style)) delete style[name];
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 4) style.underlined = true;
  else if (code === 7) style.inverse = true;
  else if (code === 22) (delete style.bold, delete style.dim);
  else if (code === 24) delete style.underlined;
  else if (code === 27) delete style.inverse;
  else if (code === 38) style.colour = longer();
  else if (code === 39) delete style.colour;
  else if (code === 48) style.ground = longer();
  else if (code === 49) delete style.ground;
  else if (code in COLOURS) style.colour = COLOURS[code];
  else if (code - 10 in COLOURS) style.ground = COLOURS[code - 10];
}

// Runs of one style in a line: {text, style}.
function runs(line, style) {
  const out = [];
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    const codes = part.match(/^\x1b\[([0-9;]*)m$/);
    if (!codes) {
      if (part) out.push({ text: part, style: { ...style } });
      continue;
    }
    const rest = (codes[1] || "0").split(";").map(Number);
    while (rest.length > 0) apply(rest.shift(), rest, style);
  }
  return out;
}

// A terminal of its own with `command` as its title and `text` in it.
export function picture(command, text) {
  const lines = text.replace(/\n+$/, "").split("\n");
  const plain = (line) => line.replace(/\x1b\[[0-9;]*m/g, "");
  const columns = Math.max(60, command.length + 12, ...lines.map((line) => plain(line).length));
  const width = Math.ceil(columns * WIDE + 2 * MARGIN);
  const height = HEAD + MARGIN + lines.length * HIGH + 10;
  const style = {};
  const body = lines.map((line, n) => {
    let column = 0;
    const y = HEAD + MARGIN + n * HIGH + 10;
    return runs(line, style)
      .flatMap(({ text: run, style: { bold, dim, underlined, inverse, ...own } }) => {
        const [colour, ground] = inverse ? [own.ground ?? GROUND, own.colour ?? INK] : [own.colour, own.ground];
        const look = [
          colour ? ` fill="${colour}"` : "",
          bold ? ' font-weight="700"' : "",
          dim ? ' opacity=".62"' : "",
          underlined ? ' text-decoration="underline"' : "",
        ].join("");
        // Wider gaps are left out: not every viewer keeps them. The length pins a piece to its columns, whatever font there is.
        const pieces = Array.from(run.matchAll(/\S+(?: \S+)*/g), ({ 0: piece, index }) => {
          const x = MARGIN + (column + index) * WIDE;
          return `<text x="${x.toFixed(1)}" y="${y}" textLength="${(piece.length * WIDE).toFixed(1)}" lengthAdjust="spacingAndGlyphs"${look}>${escaped(piece)}</text>`;
        });
        if (ground)
          pieces.unshift(
            `<rect x="${(MARGIN + column * WIDE).toFixed(1)}" y="${y - 13}" width="${(run.length * WIDE).toFixed(1)}" height="${HIGH}" fill="${ground}"/>`,
          );
        column += run.length;
        return pieces;
      })
      .join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(command)}">
<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>
<path d="M0 ${HEAD}V8a8 8 0 0 1 8-8H${width - 8}a8 8 0 0 1 8 8V${HEAD}z" fill="${BAR}"/>
<g font-family="ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${SIZE}" fill="${INK}">
<text x="${MARGIN}" y="22" fill="#a2a8b2">$ ${escaped(command)}</text>
${body.filter(Boolean).join("\n")}
</g>
</svg>
`;
}
