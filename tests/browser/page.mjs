// Uses the pages in a folder as a reader would, and looks for what must never happen: an error on the console, a request
// to anywhere, a script that came from a capture.

import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const folder = resolve(process.argv[2]);
const browser = await launch();

// Opens a page, hands it to `use`, and sees to it that nothing went wrong.
async function open(name, hash, use, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const wrong = [];
  const file = pathToFileURL(join(folder, `${name}.html`)).href;
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && wrong.push(`console: ${message.text()}`),
  );
  page.on("pageerror", (error) => wrong.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith("data:") && request.url().split("#")[0] !== file)
      wrong.push(`request: ${request.url()}`);
  });
  page.on("popup", () => wrong.push("a window was opened"));
  await page.goto(file + hash);
  await page.waitForSelector("html[data-ready]", { timeout: 10000 });
  await use(page);
  assert.deepEqual(wrong, [], name);
  await context.close();
}

const tests = {
  async "the verdict is the first thing said"() {
    await open("faulty", "", async (page) => {
      assert.equal(await page.locator("h1").textContent(), "The server 127.0.0.1:9400 is to blame.");
      assert.equal(await page.locator(".frames .row[data-at]").count(), 8);
    });
  },

  async "a rule opens to its page, and a place in it leads to the frame"() {
    await open("faulty", "", async (page) => {
      await page.click("#r-frag-continuation-without-start summary");
      const rule = page.locator("#r-frag-continuation-without-start");
      assert.match(await rule.locator("blockquote").textContent(), /fragment/);
      assert.equal(
        await rule.locator("a.source").first().getAttribute("href"),
        "https://www.rfc-editor.org/rfc/rfc6455.html#section-5.4",
      );
      await rule.locator(".places a").nth(1).click();
      await page.waitForURL(/#c0f3$/);
      assert.match(await page.locator(".frame h4").textContent(), /^Frame 3 /);
      assert.equal(await page.locator(".frames [aria-selected=true] .index").textContent(), "3");
    });
  },

  async "frames are filtered by sender, opcode, rule and text"() {
    await open("faulty", "#c0", async (page) => {
      const count = () => page.locator(".filter .count").textContent();
      const [sender, opcode, rule] = await page.locator(".filter select").all();
      await sender.selectOption("c");
      assert.match(await count(), /^4 of 8/);
      await opcode.selectOption("8");
      assert.match(await count(), /^1 of 8/);
      await page.click(".filter .clear");
      await rule.selectOption("frag-continuation-without-start");
      assert.match(await count(), /^4 of 8/);
      await page.click(".filter .clear");
      await page.fill(".filter input[type=search]", "SEND 300");
      await page.waitForFunction(() => document.querySelector(".filter .count").textContent.startsWith("1 of 8"));
      assert.equal(await page.locator(".frames .row[data-at] .index").textContent(), "2");
      await page.fill(".filter input[type=search]", "0x03 e8");
      await page.waitForFunction(() => document.querySelector(".filter .count").textContent.startsWith("2 of 8"));
    });
  },

  async "the ruler shows the bits of the header"() {
    await open("faulty", "#c0f5", async (page) => {
      // 70000 bytes: a zero byte, 127 without MASK, 64 bits of length.
      const bits = (kind) => page.locator(`.ruler .${kind} .bits`).allTextContents();
      assert.deepEqual(await bits("fin"), ["0"]);
      assert.deepEqual(await bits("opcode"), ["0000"]);
      assert.deepEqual(await bits("mask"), ["0"]);
      const length = (await bits("length")).join("");
      assert.equal(length, "1111111" + (70000).toString(2).padStart(64, "0"));
      assert.equal((await bits("payload")).join("").slice(0, 8), "a".charCodeAt(0).toString(2).padStart(8, "0"));
    });
  },

  async "masked bytes can be seen both ways"() {
    await open("faulty", "#c0f0", async (page) => {
      const box = page.locator(".frame pre.bytes");
      const plain = await box.textContent();
      assert.match(plain, /^0000 {2}6d 65 73 73 .*message 1: pleas/);
      const key = (await page.locator(".ruler .key .bits").allTextContents())
        .join("")
        .match(/.{8}/g)
        .map((byte) => parseInt(byte, 2));
      await page.getByRole("button", { name: "As on the wire" }).click();
      const wire = (await box.textContent())
        .slice(6, 17)
        .split(" ")
        .map((byte) => parseInt(byte, 16));
      assert.deepEqual(
        wire.map((byte, n) => byte ^ key[n]),
        [0x6d, 0x65, 0x73, 0x73],
      );
    });
  },

  async "compressed messages are shown inflated"() {
    await open("deflate", "#c0f3", async (page) => {
      assert.equal(await page.locator(".frame pre.text").textContent(), "Hello");
    });
  },

  async "keys alone are enough"() {
    await open("deflate", "#c0f0", async (page) => {
      const grid = page.locator(".grid.frames");
      await grid.focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      assert.match(page.url(), /#c0f2$/);
      const active = await grid.getAttribute("aria-activedescendant");
      assert.equal(await page.locator(`#${active}`).getAttribute("aria-selected"), "true");
      await page.keyboard.press("End");
      assert.match(page.url(), /#c0f19$/);
      await page.keyboard.press("Home");
      assert.match(page.url(), /#c0f0$/);
      await page.goto(page.url().split("#")[0]);
      await page.waitForSelector("html[data-ready]");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, "none");
    });
  },

  async "the charts zoom with buttons, keys and the pointer"() {
    await open("pings", "", async (page) => {
      const window = page.locator(".window");
      assert.match(await window.textContent(), /in all$/);
      await page.getByRole("button", { name: "Zoom in" }).click();
      assert.match(await window.textContent(), /from \+/);
      await page.locator(".timeline").focus();
      await page.keyboard.press("0");
      assert.match(await window.textContent(), /in all$/);
      const box = await page.locator(".chart svg").nth(1).boundingBox();
      await page.mouse.move(box.x + box.width * 0.2, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
      await page.mouse.up();
      await page.waitForFunction(() => /from \+/.test(document.querySelector(".window").textContent));
    });
  },

  async "connections are chosen from the list"() {
    await open("many", "#c4", async (page) => {
      assert.equal(await page.locator(".grid.list").getAttribute("aria-rowcount"), "278");
      assert.match(await page.locator("#connection h3").first().textContent(), /^Connection 4 /);
      await page.locator(".grid.list .row[data-at='6']").click();
      await page.waitForURL(/#c6$/);
      assert.match(await page.locator("#connection h3").first().textContent(), /^Connection 6 /);
      // The arrow keys go through the list and stay in it.
      await page.locator(".grid.list").focus();
      await page.keyboard.press("ArrowDown");
      assert.match(page.url(), /#c7$/);
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Connections");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement.id), "connection");
      await page.locator(".filter .check input").check();
      assert.match(await page.locator(".filter .count").textContent(), /^1\u202f332 frames/);
      // So they do in the frames of all connections.
      await page.locator(".grid.frames").focus();
      for (let n = 0; n < 9; n += 1) await page.keyboard.press("ArrowDown");
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Frames");
      const [, id, index] = page.url().match(/#c(\d+)f(\d+)$/);
      assert.equal(await page.locator(".frames [aria-selected=true] .index").textContent(), `${id}:${index}`);
      assert.notEqual(id, "7");
    });
  },

  async "the ladder has a rung for everything said"() {
    await open("accept", "#c1", async (page) => {
      const rungs = await page.locator(".ladder .rung:not([hidden])").allTextContents();
      assert.match(rungs[0], /TCP.*first packet/);
      assert.match(rungs[1], /HTTPGET|HTTP GET/);
      assert.match(rungs.at(-1), /TCP FIN/);
      assert.equal(rungs.filter((rung) => /close/.test(rung)).length, 2);
      await page.locator(".handshake summary").click();
      assert.match(await page.locator(".accept.wrong").textContent(), /Gk9vEODnOs\/Kmjxy9leCLqw\+9f8=/);
    });
  },

  async "a hostile capture can do nothing"() {
    await open("hostile", "", async (page) => {
      for (let frame = 0; frame < 10; frame += 1) {
        await page.evaluate((hash) => {
          location.hash = hash;
        }, `#c0f${frame}`);
        await page.waitForFunction(
          (n) => document.querySelector(".frame h4")?.textContent.startsWith(`Frame ${n} `),
          frame,
        );
        for (const button of await page.locator(".frame .tools button").all()) await button.click();
      }
      for (const details of await page.locator("details > summary").all())
        if (await details.isVisible()) await details.click();
      await page.fill(".filter input[type=search]", "<img");
      await page.waitForFunction(() => / of /.test(document.querySelector(".filter .count").textContent));
      // Elements that the capture asked for do not exist; links lead into the page or to a standard.
      assert.equal(await page.locator("img, iframe, object, embed, [onload], [onerror]").count(), 0);
      assert.equal(await page.locator("script").count(), 2);
      const links = await page.locator("a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
      assert.deepEqual(
        links.filter(
          (href) =>
            !/^(#|https:\/\/(www\.rfc-editor\.org|datatracker\.ietf\.org|websockets\.spec\.whatwg\.org)\/)/.test(href),
        ),
        [],
      );
      assert.match(await page.locator("#connection").textContent(), /<img src=x/);
    });
  },

  async "a hundred thousand frames scroll smoothly"() {
    await open("long", "#c0f77777", async (page) => {
      const grid = page.locator(".grid.frames");
      assert.equal(await grid.getAttribute("aria-rowcount"), "100001");
      assert.equal(await page.locator(".frames [aria-selected=true] .index").textContent(), "77777");
      const { usual, rows } = await page.evaluate(async () => {
        const scroll = document.querySelector(".grid.frames");
        const times = [];
        for (let n = 0; n < 60; n += 1) {
          scroll.scrollTop = (n * 9973 * 31) % scroll.scrollHeight;
          const start = performance.now();
          scroll.dispatchEvent(new Event("scroll"));
          scroll.getBoundingClientRect();
          times.push(performance.now() - start);
          await new Promise(requestAnimationFrame);
        }
        return { usual: times.sort((a, b) => a - b)[30], rows: scroll.querySelectorAll(".row").length };
      });
      assert.ok(rows < 80, `${rows} rows are made`);
      // The median: a busy machine may hold up some of them.
      assert.ok(usual < 50, `${usual} ms for a step`);
      await page.fill(".filter input[type=search]", "frame 99999 ");
      await page.waitForFunction(() => document.querySelector(".filter .count").textContent.startsWith("1 of"));
    });
  },

  async "what was cut is said to be"() {
    await open("cut", "#c0f200000", async (page) => {
      assert.match(await page.locator("#facts .cut").textContent(), /left out/);
      assert.match(await page.locator(".frame-findings").textContent(), /in the middle/);
      assert.match(await page.locator(".frames .gap").first().textContent(), /not on this page/);
      await page.evaluate(() => {
        location.hash = "#c0f200001";
      });
      await page.waitForFunction(() =>
        /Frame 200001 .* not on this page/.test(document.querySelector(".frame").textContent),
      );
    });
  },

  async "clean, old and empty captures have pages too"() {
    for (const name of ["clean", "old", "nothing"])
      await open(name, "", async (page) => assert.ok(await page.locator("h1").isVisible()));
  },

  async "no page is wider than a telephone, light or dark"() {
    for (const name of ["faulty", "accept", "many", "hostile"]) {
      for (const colorScheme of ["light", "dark"]) {
        await open(
          name,
          "#c0f0",
          async (page) => {
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
          },
          { viewport: { width: 390, height: 800 }, colorScheme },
        );
      }
    }
  },

  async "the switch changes the colours"() {
    await open(
      "faulty",
      "",
      async (page) => {
        const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const light = await paper();
        await page.click("#theme");
        assert.equal(await paper(), light);
        await page.click("#theme");
        assert.notEqual(await paper(), light);
      },
      { colorScheme: "light" },
    );
  },

  async "text and ground differ enough to be read"() {
    // WCAG 2.1, contrast (minimum): 4.5 to 1.
    for (const colorScheme of ["light", "dark"]) {
      await open(
        "faulty",
        "#c0f1",
        async (page) => {
          const poor = await page.evaluate(() => {
            const channel = (value) =>
              value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
            const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
            const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            const over = (colours) => {
              canvas.clearRect(0, 0, 1, 1);
              for (const colour of colours) {
                canvas.fillStyle = colour;
                canvas.fillRect(0, 0, 1, 1);
              }
              return canvas.getImageData(0, 0, 1, 1).data;
            };
            const found = [];
            for (const element of document.querySelectorAll("main *")) {
              const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
              if (!own || element.closest("[hidden], svg, .unseen, .off, option") || !element.checkVisibility())
                continue;
              const grounds = [];
              for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
              const [a, b] = [light(over(grounds)), light(over([...grounds, getComputedStyle(element).color]))];
              const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
              if (ratio < 4.5)
                found.push(
                  `${element.className || element.tagName} "${element.textContent.slice(0, 20)}": ${ratio.toFixed(2)}`,
                );
            }
            return [...new Set(found)];
          });
          assert.deepEqual(poor, [], colorScheme);
        },
        { colorScheme },
      );
    }
  },

  async "it prints all rows of a short list"() {
    await open("deflate", "#c0f0", async (page) => {
      await page.emulateMedia({ media: "print" });
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      assert.equal(await page.locator(".frames .row[data-at]").count(), 20);
      assert.equal(
        await page.locator(".frames .row[data-at='19']").evaluate((row) => getComputedStyle(row).position),
        "static",
      );
    });
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
await browser.close();
process.exitCode = failed ? 1 : 0;
