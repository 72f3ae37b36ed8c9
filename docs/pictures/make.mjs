// Makes the pictures of the README from testdata/:  node docs/pictures/make.mjs [NAME…]
//
// Needs what tests/browser/install fetches, and tmux. A further picture is a further line in one of the lists.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch } from "../../tests/browser/browser.mjs";
import { picture } from "./ansi.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

// What a command writes to a terminal.
const TERMINAL = [
  { name: "analyze", command: "wslens analyze testdata/gallery/qt_cpp_zero_byte.pcap" },
  { name: "ruler", command: "wslens show testdata/gallery/qt_cpp_zero_byte.pcap 0:1" },
  { name: "ladder", command: "wslens ladder testdata/gallery/php_draft17.pcap 0" },
];

// What the terminal browser shows after some keys, by way of tmux; `ready` is on the screen before them, `shows` behind the last.
const SCREENS = [
  {
    name: "browser",
    command: "wslens tui testdata/gallery/qt_cpp_zero_byte.pcap",
    ready: /Frame 0:0/,
    keys: ["Down", "Tab", "Down", "Down", "Down", "Down"],
    // The focused line is inverse.
    shows: /\x1b\[[0-9;]*7m[^\n]*opcode +\.\.\.\./,
  },
];

// The report page: of which captures, at which address, how large, in which colours.
const PAGES = [
  { name: "page", captures: ["gallery/*.pcap"], width: 1280, height: 1220, colours: "light" },
  { name: "page-dark", captures: ["gallery/*.pcap"], width: 1280, height: 1220, colours: "dark" },
  { name: "frames", captures: ["node_ws.pcap"], hash: "#c0f11", width: 1440, height: 860, colours: "light" },
  { name: "frames-dark", captures: ["node_ws.pcap"], hash: "#c0f11", width: 1440, height: 860, colours: "dark" },
  { name: "phone", captures: ["gallery/qt_cpp_zero_byte.pcap"], width: 390, height: 844, colours: "light" },
  {
    name: "phone-dark",
    captures: ["gallery/qt_cpp_zero_byte.pcap"],
    hash: "#c0f1",
    width: 390,
    height: 844,
    colours: "dark",
  },
];

const wanted = process.argv.slice(2);
const asked = ({ name }) => wanted.length === 0 || wanted.includes(name);

function wslens(words) {
  return execFileSync("cargo", ["run", "--quiet", "--", ...words], { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
}

for (const { name, command } of TERMINAL.filter(asked)) {
  const text = wslens([...command.split(" ").slice(1), "--color", "always", "--width", "100"]);
  writeFileSync(join(here, `${name}.svg`), picture(command, text));
}

for (const { name, command, ready, keys, shows } of SCREENS.filter(asked)) {
  const session = `wslens-${process.pid}`;
  const tmux = (...words) => execFileSync("tmux", words, { cwd: root, encoding: "utf8" });
  execFileSync("cargo", ["build", "--quiet"], { cwd: root });
  tmux("new-session", "-d", "-s", session, "-x", "100", "-y", "28", `target/debug/${command}`);
  const until = (wanted) => {
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
      const screen = tmux("capture-pane", "-p", "-e", "-t", session);
      if (wanted.test(screen)) return screen;
    }
    throw new Error(`${name}: the screen never showed ${wanted}`);
  };
  until(ready);
  tmux("send-keys", "-t", session, ...keys);
  writeFileSync(join(here, `${name}.svg`), picture(command, until(shows)));
  tmux("kill-session", "-t", session);
}

// The shell's work, in the order of names.
function spelled(pattern) {
  return execFileSync("sh", ["-c", `ls testdata/${pattern}`], { cwd: root, encoding: "utf8" })
    .trim()
    .split("\n");
}

// A third of the size, and nothing to install: the browser can write WebP.
async function small(browser, png) {
  const page = await browser.newPage();
  const url = await page.evaluate(
    async (source) => {
      const image = await createImageBitmap(await (await fetch(source)).blob());
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", 0.88);
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );
  await page.close();
  return Buffer.from(url.split(",")[1], "base64");
}

const pages = PAGES.filter(asked);
if (pages.length > 0) {
  const folder = mkdtempSync(join(tmpdir(), "wslens-"));
  const browser = await launch();
  for (const { name, captures, hash = "", width, height, colours } of pages) {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, wslens(["analyze", ...captures.flatMap(spelled), "--no-config", "--format", "html"]));
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: colours, reducedMotion: "reduce" });
    await page.goto(pathToFileURL(file).href + hash);
    await page.waitForSelector("html[data-ready]");
    await page.evaluate(() => document.fonts.ready.then(() => new Promise(requestAnimationFrame)));
    writeFileSync(join(here, `${name}.webp`), await small(browser, await page.screenshot()));
    await page.close();
  }
  await browser.close();
  rmSync(folder, { recursive: true });
}
