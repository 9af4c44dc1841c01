// One question and its answer: a card that shows the waiting, and then the face in the same place.

import * as api from "./api.js";
import { button, element, wordsOf } from "./dom.js";
import { forget, remember } from "./memory.js";
import { emotesOf, reseeded } from "./words.js";

const AWAY = "The server is out of reach right now. I keep knocking, your face is not forgotten.";
const UNREACHABLE = "I can't reach the server. Is it still running?";
const GONE = "The server doesn't remember this one any more.";
const VANISHED = "This face has already vanished. They are kept for a while only.";

/** `page` offers `announce(text)`, `ask(text, pictures)` and `edit(text)`. */
export class Exchange {
  /** `face` is `{text, files}` with the names of sent pictures; `pictures` are the files while we have them. */
  constructor(page, face, pictures = []) {
    this.page = page;
    this.face = face;
    this.pictures = pictures;
    this.finished = false;
    this.previews = pictures.map((picture) => URL.createObjectURL(picture));
    this.frame = element("div", { className: "frame" }, this.waiting());
    this.place = element("p", { className: "place" }, "Asking…");
    this.actions = element("div", { className: "actions" });
    const said = element("p", { className: "said" }, labelOf(face));
    this.card = element("article", { className: "exchange" }, said, this.frame, this.place, this.actions);
    this.card.setAttribute("aria-label", labelOf(face));
  }

  /** Send it. */
  async start() {
    try {
      const { id } = await api.ask(this.face.text, this.pictures);
      this.resume(id);
    } catch (error) {
      if (error instanceof api.Refused) this.refuse(error.message);
      else this.finish(wordsOf(UNREACHABLE), UNREACHABLE, button("Try again", () => this.retry()));
    }
  }

  /** Follow a request that the server has accepted, now or before the page was loaded. */
  resume(id) {
    this.face = { ...this.face, id };
    remember(this.face);
    this.stop = api.follow(id, {
      state: (state) => this.show(state),
      lost: () => this.tell(AWAY, true),
      gone: () => this.drop(GONE),
    });
    this.actions.replaceChildren(button("Cancel", () => api.cancel(id).catch(() => this.tell(AWAY, true))));
  }

  show(state) {
    if (state.state === "answered") this.answer(state.picture);
    else if (state.state === "refused") this.refuse(state.refusal);
    else if (state.state === "cancelled") this.leave("Cancelled.");
    else this.wait(state);
  }

  wait({ status, position }) {
    this.frame.dataset.position = position ?? "";
    this.tell(status, false);
  }

  async answer(picture) {
    const image = element("img", { className: "answer", src: picture.url, alt: picture.alt });
    try {
      await image.decode(); // so that the face replaces the waiting in one step
    } catch {
      this.drop(VANISHED);
      return;
    }
    this.face = { ...this.face, alt: picture.alt };
    remember(this.face);
    this.frame.classList.add("done");
    this.finish(image, [picture.caption, picture.alt].filter(Boolean).join(" "), ...this.buttonsFor(picture));
    if (picture.caption) this.actions.prepend(wordsOf(picture.caption));
  }

  refuse(message) {
    if (this.face.id) forget(this.face.id);
    const edit = this.face.files.length ? [] : [button("Edit", () => this.page.edit(this.face.text))];
    this.finish(wordsOf(message), message, ...edit);
  }

  drop(message) {
    forget(this.face.id);
    this.finish(wordsOf(message), message);
  }

  leave(message) {
    forget(this.face.id);
    this.finish(wordsOf(message), message);
    this.card.remove();
  }

  /** Stop following, for a page that takes the card away. */
  close() {
    this.stop?.();
    this.previews.forEach((url) => URL.revokeObjectURL(url));
  }

  finish(shown, announced, ...buttons) {
    this.finished = true;
    this.close();
    delete this.frame.dataset.position;
    this.place.remove();
    this.frame.replaceChildren(shown);
    this.actions.replaceChildren(...buttons);
    this.page.announce(announced);
  }

  tell(status, isLost) {
    if (this.place.textContent === status) return;
    this.place.textContent = status;
    this.card.classList.toggle("lost", isLost);
    this.page.announce(status);
  }

  retry() {
    this.card.remove();
    this.page.ask(this.face.text, this.pictures);
  }

  buttonsFor({ url }) {
    const isRepeatable = this.face.files.length === this.pictures.length;
    const again = button("Again, other dice", () => this.page.ask(reseeded(this.face.text), this.pictures));
    const save = element("a", { className: "button", href: url, download: `emoteface.${url.split(".").pop()}` }, "Download");
    const copy = button("Copy link", async () => {
      await navigator.clipboard.writeText(new URL(url, location.href).href);
      copy.textContent = "Copied";
      this.page.announce("Link copied.");
    });
    return [...(isRepeatable ? [again] : []), save, ...(navigator.clipboard ? [copy] : [])];
  }

  /** The emote twice: as it is, and out of focus, where the face is going to be. */
  waiting() {
    const typed = emotesOf(this.face.text).slice(0, 4).join(" ");
    const shape = () =>
      this.previews.length
        ? this.previews.map((src) => element("img", { src, alt: "" }))
        : [element("span", {}, typed)];
    const plain = element("div", { className: "plain" }, ...shape());
    const becoming = element("div", { className: "becoming" }, ...shape());
    const both = element("div", { className: "waiting" }, plain, becoming);
    both.setAttribute("aria-hidden", "true");
    both.dataset.size = sizeOf(typed);
    return both;
  }
}

function sizeOf(typed) {
  const letters = [...new Intl.Segmenter().segment(typed)].length;
  if (letters <= 1) return "large";
  return letters <= 3 ? "medium" : "small";
}

/** What the visitor said, pictures by their names. */
export function labelOf({ text, files }) {
  return [text, ...files.map((name) => `[${name}]`)].join(" ");
}
