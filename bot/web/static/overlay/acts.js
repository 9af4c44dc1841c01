// Who is on the screen, and who waits: one act at a time, a few waiting, each once.

const MOST_WAITING = 12; // the oldest face makes room: the stream has moved on by then
const MANY = 3; // from here on acts are shorter
const REMEMBERED = 500;

/**
 * An act is `{ run({ enter, signal, hurry }), tell(news) }`: it shows elements with `enter(element)` and ends when it has
 * left; with an aborted `signal` it throws at once. While `hurry()` others wait.
 */
export class Acts {
  #screen;
  #waiting = [];
  #seen = new Set();
  #now = null;

  constructor(screen) {
    this.#screen = screen;
  }

  /** How many wait; for tests. */
  get waiting() {
    return this.#waiting.length;
  }

  /** Give `make()` its turn, once for every id; what is `urgent` comes before faces. */
  add(id, make, { urgent = false } = {}) {
    if (this.#seen.has(id)) return;
    this.#remember(id);
    const entry = { id, make, urgent };
    if (urgent) this.#waiting.unshift(entry);
    else this.#waiting.push(entry);
    if (this.#waiting.length > MOST_WAITING) {
      const oldest = this.#waiting.findIndex((each) => !each.urgent);
      this.#waiting.splice(Math.max(0, oldest), 1);
    }
    if (!this.#now) this.#play();
  }

  /** News for an act that is on the screen; one that still waits has nothing to wait for any more. */
  tell(id, news) {
    if (this.#now?.id === id) this.#now.act.tell(news);
    else this.#forget((each) => each.id === id);
  }

  /** Gone at once, wherever it is. */
  drop(id) {
    this.#forget((each) => each.id === id);
    if (this.#now?.id === id) this.#now.abort.abort();
  }

  /** Drop all others. */
  keepOnly(ids) {
    const kept = new Set(ids);
    this.#forget((each) => !kept.has(each.id));
    if (this.#now && !kept.has(this.#now.id)) this.#now.abort.abort();
  }

  async #play() {
    while (this.#waiting.length) {
      const { id, make } = this.#waiting.shift();
      const abort = new AbortController();
      const act = make();
      this.#now = { id, act, abort };
      abort.signal.addEventListener("abort", () => this.#screen.replaceChildren());
      try {
        await act.run({
          enter: (element) => this.#screen.replaceChildren(element),
          signal: abort.signal,
          hurry: () => this.#waiting.length >= MANY || this.#waiting.some((each) => each.urgent),
        });
      } catch (error) {
        if (!abort.signal.aborted) console.warn("an act failed:", error.message);
      }
      this.#screen.replaceChildren();
      this.#now = null;
    }
  }

  #forget(isMeant) {
    this.#waiting = this.#waiting.filter((each) => !isMeant(each));
  }

  #remember(id) {
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
  }
}
