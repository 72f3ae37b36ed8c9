// Finds Chromium and playwright-core; run alone, it says what is missing.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

// The path of a Chromium: what CHROMIUM names, or what is on the path; playwright's own otherwise.
function installed() {
  const named = process.env.CHROMIUM;
  if (named) return named;
  const places = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return places.find((place) => existsSync(place));
}

async function driver() {
  try {
    return (await import("playwright-core")).chromium;
  } catch {
    throw new Error("playwright-core is not installed; tests/browser/install fetches it");
  }
}

// A browser that can be driven.
export async function launch() {
  const chromium = await driver();
  const executablePath = installed() ?? chromium.executablePath();
  if (!existsSync(executablePath)) throw new Error("there is no Chromium; set CHROMIUM to the path of one");
  // A container's root has no sandbox to offer, and the pages are our own.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--font-render-hinting=none"] });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await (await launch()).close();
  } catch (error) {
    console.error(error.message.split("\n")[0]);
    process.exitCode = 1;
  }
}
