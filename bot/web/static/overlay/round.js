// A round of the guessing game: the face to be guessed while time runs, and in the end its emote.

import { element } from "../dom.js";
import { stage } from "./face.js";
import { dissolve, halves, pictureScene } from "./pixels.js";
import { chime, pop } from "./sound.js";
import { orAborted, pause, picture } from "./timing.js";

const END_MS = 6000; // how long the end is shown
const GRACE_MS = 15_000; // how late the end may be told
const LEAVE_MS = 300;

/** `round` as the server tells it; the rest as for a face. */
export function roundAct(round, look, address) {
  let tell;
  const told = new Promise((resolve) => (tell = resolve));
  const over = performance.now() + round.left_s * 1000;
  const act = stage("", round.words);
  return {
    tell,
    async run({ enter, signal }) {
      const riddle = await picture([address(round.picture)], signal);
      if (performance.now() >= over) return;
      act.element.append(timeLeft(round.total_s, over));
      enter(act.element);
      if (look.sound) pop();
      await dissolve(act.canvas, null, pictureScene(riddle), signal);
      const end = await orAborted(Promise.race([told, after(over + GRACE_MS)]), signal);
      if (end) await reveal(act, riddle, end, { look, address, signal });
      act.element.classList.add("leaving");
      await pause(LEAVE_MS, signal);
    },
  };
}

async function reveal(act, riddle, end, { look, address, signal }) {
  const [emote] = halves(await picture([address(end.picture)], signal));
  act.element.querySelector(".left").remove();
  act.element.querySelector(".words bdi").textContent = end.words;
  if (look.sound) chime();
  await dissolve(act.canvas, pictureScene(riddle), emote, signal);
  await pause(END_MS, signal);
}

/** A bar that runs out; it may have begun before this page was there. */
function timeLeft(totalS, over) {
  const bar = element("i");
  const leftS = (over - performance.now()) / 1000;
  bar.style.animationDuration = `${totalS}s`;
  bar.style.animationDelay = `${leftS - totalS}s`;
  return element("div", { className: "left", ariaHidden: "true" }, bar);
}

function after(moment) {
  return new Promise((resolve) => setTimeout(() => resolve(null), Math.max(0, moment - performance.now())));
}
