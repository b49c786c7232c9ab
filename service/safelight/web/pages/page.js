/** The page: its rooms, and what they tell each other. */

import { Ask } from "./ask.js";
import { say, sayOrHide, the } from "./dom.js";
import { Notes } from "./notes.js";
import { hurry } from "./patience.js";
import { Tray } from "./print.js";
import { Roll, briefly } from "./roll.js";
import { insist, providers } from "./service.js";
import { Sheet } from "./sheet.js";
import { lookOf, stateOf } from "./words.js";

const roll = new Roll();
const ask = new Ask(roll);
new Tray(roll, ask);
new Sheet(roll);
new Notes(roll);

/** A lost connection is a pause, and said as one: it is no failure of anything that develops. */
let isWithoutProviders = false;
const showConnection = () => {
  const isLost = roll.isLost || isWithoutProviders;
  the("connection").dataset.lost = String(isLost);
  say(the("connection"), isLost ? "Lost connection, coming back…" : "");
};
roll.addEventListener("connection", showConnection);
roll.addEventListener("connection", () => !roll.isLost && hurry());

/** What is read out: each state of what is in the tray and its quarters, and the ends of all others. */
const told = new Map();
roll.addEventListener("print", ({ detail: print }) => {
  const { snapshot } = print;
  if (!snapshot) return; // it may not be followed, which the tray says
  const isOver = ["done", "failed", "canceled"].includes(lookOf(snapshot));
  if (!isOver && print !== roll.selected) return;
  const quarter = isOver ? "" : ` ${Math.floor((snapshot.progress ?? 0) / 25) * 25} percent.`;
  const words = `${briefly(print)}: ${stateOf(snapshot)}.${quarter}`;
  const isNews = told.get(print.id) !== words;
  told.set(print.id, words);
  const isOld = isOver && snapshot.endedAt && Date.now() - Date.parse(snapshot.endedAt) > 60_000;
  if (isNews && !isOld) say(the("announcer"), words);
});
roll.addEventListener("gone", ({ detail: print }) => say(the("announcer"), `${briefly(print)} is no longer kept.`));

window.addEventListener("hashchange", () => roll.visit());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") roll.refresh().catch(() => {}); // what runs is followed anyway, and says if it is lost
});

try {
  const offered = await insist(providers, (isLost) => {
    isWithoutProviders = isLost;
    showConnection();
  });
  ask.offer(offered);
  await roll.load();
} catch (error) {
  sayOrHide(the("ask-fault"), error.message);
}
