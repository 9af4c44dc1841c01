// From one picture to another through 16 pixels. Each step draws a canvas of few pixels, which the browser enlarges: next
// to nothing to compute, also on a machine that is busy with a game.

import { pause } from "./timing.js";

const COARSEST_PX = 16;
const DOWN_PX = [64, 32, COARSEST_PX];
const UP_PX = [32, 64, 128];
const FINE_PX = 256;
const STEP_MS = 90;
const MIX_STEPS = 8;
const MIX_MS = 50;
const HOLD_MS = 700;

/**
 * A scene paints itself into a square: `paint(context, side)`. This is a picture, or the part of it that begins at
 * `from` and is `share` of its width.
 */
export function pictureScene(image, { from = 0, share = 1 } = {}) {
  return (context, side) => {
    const [width, height] = [image.naturalWidth * share, image.naturalHeight];
    const scale = side / Math.max(width, height);
    const [wide, high] = [width * scale, height * scale];
    const x = image.naturalWidth * from;
    context.drawImage(image, x, 0, width, height, (side - wide) / 2, (side - high) / 2, wide, high);
  };
}

/** Both squares of a picture that has two, an emote and its face. */
export function halves(image) {
  const share = image.naturalHeight / image.naturalWidth;
  return [pictureScene(image, { share }), pictureScene(image, { from: 1 - share, share })];
}

/** Several scenes side by side, in about a square. */
export function gridScene(scenes) {
  const across = Math.ceil(Math.sqrt(scenes.length));
  const down = Math.ceil(scenes.length / across);
  return (context, side) => {
    const cell = side / across;
    for (const [at, paint] of scenes.entries()) {
      context.save();
      context.translate((at % across) * cell, Math.floor(at / across) * cell + (side - down * cell) / 2);
      paint(context, cell);
      context.restore();
    }
  };
}

/** Show how `before` becomes `after`; without a `before` it begins with the pixels of what it becomes. */
export async function dissolve(canvas, before, after, signal) {
  if (before) {
    draw(canvas, FINE_PX, before);
    await pause(HOLD_MS, signal);
    for (const side of DOWN_PX) {
      draw(canvas, side, before);
      await pause(STEP_MS, signal);
    }
    for (let step = 1; step < MIX_STEPS; step += 1) {
      draw(canvas, COARSEST_PX, before, 1);
      mix(canvas, after, step / MIX_STEPS);
      await pause(MIX_MS, signal);
    }
  }
  for (const side of [COARSEST_PX, ...UP_PX]) {
    draw(canvas, side, after);
    await pause(STEP_MS, signal);
  }
  draw(canvas, FINE_PX, after);
}

function draw(canvas, side, paint) {
  canvas.width = canvas.height = side; // which also clears it
  canvas.style.imageRendering = side >= 128 ? "auto" : "pixelated";
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  paint(context, side);
}

/** Lay what comes over what is there; what was there goes, also where nothing comes. */
function mix(canvas, paint, share) {
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "destination-in";
  context.fillStyle = `rgb(0 0 0 / ${1 - share})`;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "lighter"; // shares of two pictures add up to a whole one
  context.globalAlpha = share;
  paint(context, canvas.width);
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-over";
}
