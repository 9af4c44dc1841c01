// The act of one face: its emote falls apart into 16 pixels, and the face comes out of them.

import { element } from "../dom.js";
import { dissolve, gridScene, halves, pictureScene } from "./pixels.js";
import { chime, pop } from "./sound.js";
import { pause, picture } from "./timing.js";

const LEAVE_MS = 300;
const LOOK_AGAIN_MS = 250; // how soon somebody who comes shortens the act
const SHORT = 0.4;
const EMOTE_MS = 4000; // a site that takes longer is not waited for

/** `face` as the server tells it, `look` the settings at any time, `address(path)` where a picture is. */
export function faceAct(face, look, address) {
  const act = stage(face.alt, face.name);
  return {
    tell() {},
    async run({ enter, signal, hurry }) {
      const image = await picture([address(face.picture)], signal);
      const [before, after] = face.halved ? halves(image) : [await emotes(face, address, signal), pictureScene(image)];
      act.frame.classList.toggle("halved", face.halved);
      enter(act.element);
      if (look.sound) pop();
      await dissolve(act.canvas, before, after, signal);
      if (look.sound) chime();
      act.show(image);
      await hold(look.duration_s * 1000, hurry, signal);
      act.element.classList.add("leaving");
      await pause(LEAVE_MS, signal);
    },
  };
}

/** The elements of an act; `show` puts a whole picture, which may move, over the canvas. */
export function stage(alt, words) {
  const canvas = element("canvas", { ariaHidden: "true" });
  const frame = element("div", { className: "frame" }, canvas);
  const caption = words ? element("figcaption", { className: "words" }, element("bdi", {}, words)) : null;
  const act = element("figure", { className: "act" }, frame, caption);
  return {
    element: act,
    frame,
    canvas,
    show(image) {
      image.alt = alt;
      frame.append(image);
      image.getBoundingClientRect(); // it must have been there unseen for the change to be a transition
      image.classList.add("seen");
    },
  };
}

async function hold(ms, hurry, signal) {
  const started = performance.now();
  while (performance.now() - started < ms * (hurry() ? SHORT : 1)) await pause(LOOK_AGAIN_MS, signal);
}

/** All emotes of the face, or nothing where one cannot be had. */
async function emotes(face, address, signal) {
  try {
    const scenes = await Promise.all(face.emotes.map((layers) => emote(layers, address, signal)));
    return scenes.length ? gridScene(scenes) : null;
  } catch (error) {
    signal.throwIfAborted();
    return null;
  }
}

async function emote(layers, address, signal) {
  const images = await Promise.all(layers.map(({ urls }) => picture(urls.map(address), signal, EMOTE_MS)));
  return (context, side) => {
    for (const [at, image] of images.entries()) {
      context.save();
      if (layers[at].way === "blend") lowerHalf(context, side);
      pictureScene(image)(context, side);
      context.restore();
    }
  };
}

function lowerHalf(context, side) {
  context.beginPath();
  context.rect(0, side / 2, side, side / 2);
  context.clip();
  context.clearRect(0, side / 2, side, side / 2);
}
