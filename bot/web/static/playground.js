// The playground: one command line, the answers in progress, and the last faces.

import { exists } from "./api.js";
import { button, element } from "./dom.js";
import { Exchange, labelOf } from "./exchange.js";
import { openEye } from "./eye.js";
import { all, forget } from "./memory.js";
import { COMMAND, optionsOf } from "./words.js";

const NO_PICTURE = "That is not a picture. PNG, JPEG, GIF and WebP work.";

const composer = document.getElementById("composer");
const line = document.getElementById("line");
const files = document.getElementById("files");
const stage = document.getElementById("stage");
const gallery = document.getElementById("gallery");
const tiles = gallery.querySelector("ul");
const status = document.getElementById("status");

const said = all().map((face) => face.text).reverse();
let saidAt = said.length;
let exchanges = [];

const page = {
  announce(text) {
    status.textContent = text;
  },
  ask(text, pictures) {
    clearStage();
    said.push(text);
    saidAt = said.length;
    const names = pictures.map((picture) => picture.name);
    const exchange = new Exchange(page, { text, files: names }, pictures);
    enter(exchange);
    exchange.start();
  },
  edit(text) {
    line.value = text;
    line.focus();
  },
};

function enter(exchange) {
  exchanges.unshift(exchange);
  stage.prepend(exchange.card);
}

/** Finished faces make room: they move down to the last faces. */
function clearStage() {
  for (const { finished, card, face } of exchanges) {
    if (!finished) continue;
    card.remove();
    if (face.alt) tiles.prepend(tileOf(face));
  }
  exchanges = exchanges.filter(({ finished }) => !finished);
  gallery.hidden = tiles.childElementCount === 0;
}

function tileOf(face) {
  const url = `/pictures/${face.id}.webp`;
  const image = element("img", { src: url, alt: face.alt, loading: "lazy" });
  const link = element("a", { href: url, target: "_blank", rel: "noopener" }, image);
  const caption = face.files.length
    ? element("span", {}, labelOf(face))
    : button(face.text, () => page.edit(face.text));
  const tile = element("li", {}, link, caption);
  image.addEventListener("error", () => dropIfGone(tile, face.id, url));
  return tile;
}

async function dropIfGone(tile, id, url) {
  if (await exists(url).catch(() => true)) return; // no server, no verdict
  forget(id);
  tile.remove();
  gallery.hidden = tiles.childElementCount === 0;
}

function askForPictures(list) {
  const text = [COMMAND, optionsOf(line.value)].join(" ").trim();
  const pictures = [...list].filter((file) => file.type.startsWith("image/"));
  if (pictures.length) {
    page.ask(text, pictures);
    return;
  }
  clearStage();
  const exchange = new Exchange(page, { text, files: [...list].map((file) => file.name) });
  enter(exchange);
  exchange.refuse(NO_PICTURE);
}

function recall(step) {
  saidAt = Math.max(0, Math.min(said.length, saidAt + step));
  line.value = said[saidAt] ?? `${COMMAND} `;
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = line.value.trim();
  if (!text) return;
  page.ask(text, []);
  line.value = `${COMMAND} `;
});

composer.addEventListener("click", ({ target }) => {
  const { ask, option } = target.dataset;
  if (ask) page.ask([ask, optionsOf(line.value)].join(" ").trim(), []);
  if (option) {
    const [name] = option.split(":");
    const others = line.value.split(/\s+/).filter((token) => token && !token.startsWith(`${name}:`));
    page.edit([...others, option].join(" "));
  }
});

line.addEventListener("keydown", (event) => {
  if (event.isComposing || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  event.preventDefault();
  recall(event.key === "ArrowUp" ? -1 : 1);
});

files.addEventListener("change", () => {
  askForPictures(files.files);
  files.value = "";
});

addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  askForPictures(event.clipboardData.files);
});

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});

for (const end of ["dragleave", "drop"]) {
  addEventListener(end, (event) => {
    if (end === "drop" || event.relatedTarget === null) document.body.classList.remove("dropping");
  });
}

addEventListener("drop", (event) => {
  event.preventDefault();
  askForPictures(event.dataTransfer.files);
});

for (const face of all().reverse()) {
  if (face.alt) {
    tiles.prepend(tileOf(face));
    continue;
  }
  const exchange = new Exchange(page, face);
  enter(exchange);
  exchange.resume(face.id);
}
gallery.hidden = tiles.childElementCount === 0;
openEye(document.querySelector(".gaze"), line);
line.focus();
line.setSelectionRange(line.value.length, line.value.length);
