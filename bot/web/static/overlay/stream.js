// The connection to the server, for days: it notices when the other end is gone without a word, and comes back.

const SILENCE_MS = 30_000; // the server says something every ten seconds
const SOONEST_MS = 1000;
const LATEST_MS = 30_000;
const NAMES = ["look", "face", "round", "reveal", "hide", "kept", "beat"];

/** Call `handlers[name](data)` for every event, for as long as the page is there. */
export function listen(url, handlers) {
  let source, watchdog, failures = 0, last = "";

  function open() {
    source = new EventSource(last ? `${url}?last=${encodeURIComponent(last)}` : url);
    for (const name of NAMES) source.addEventListener(name, hear);
    source.onerror = () => {
      // It tries again by itself after a cut, but never after an answer that was no stream, a proxy's error for example.
      if (source.readyState === EventSource.CLOSED) again();
    };
    expect();
  }

  function hear(event) {
    failures = 0;
    if (event.lastEventId) last = event.lastEventId;
    expect();
    handlers[event.type]?.(JSON.parse(event.data));
  }

  function expect() {
    clearTimeout(watchdog);
    watchdog = setTimeout(again, SILENCE_MS);
  }

  function again() {
    clearTimeout(watchdog);
    source.close();
    const wait = Math.min(LATEST_MS, SOONEST_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
    failures += 1;
    watchdog = setTimeout(open, wait);
  }

  open();
}
