// The faces API as a page sees it: ask, cancel, follow. No DOM in here.

const FINAL = new Set(["answered", "refused", "cancelled"]);
const REQUEST_TIMEOUT_MS = 60_000;
const LOST_PAUSES_MS = [500, 1000, 2000, 4000];

/** The server said no; `message` is in its own words. */
export class Refused extends Error {}

/** Ask for a face of what `text` says and of `pictures` (files). Resolves to `{id, position, eta_s}`. */
export async function ask(text, pictures) {
  const response = await send("/api/faces", { method: "POST", ...bodyOf(text, pictures) });
  const body = await response.json();
  if (!response.ok) throw new Refused(body.message);
  return body;
}

/** Withdraw a request. Too late is fine: its end arrives by `follow`. */
export async function cancel(id) {
  await send(`/api/faces/${id}`, { method: "DELETE" });
}

/** Whether the server still has a picture; throws when there is no server to ask. */
export async function exists(url) {
  return (await send(url, { method: "HEAD", cache: "no-store" })).ok;
}

/**
 * Tell `hear.state(state)` about every change until the last one, `hear.lost()` while the server is away, and
 * `hear.gone()` when it does not know the request. Events first; plain asking while there are none. Returns a stop.
 */
export function follow(id, hear) {
  let stream, timer;
  let stopped = false;
  let failures = 0;

  const stop = () => {
    stopped = true;
    stream?.close();
    clearTimeout(timer);
  };
  const tell = (state) => {
    if (stopped) return;
    failures = 0;
    if (FINAL.has(state.state)) stop();
    hear.state(state);
  };
  const listen = () => {
    stream = new EventSource(`/api/faces/${id}/events`);
    stream.onmessage = (event) => tell(JSON.parse(event.data));
    stream.onerror = () => {
      stream.close();
      look();
    };
  };
  const look = async () => {
    if (stopped) return;
    try {
      const response = await send(`/api/faces/${id}`);
      if (response.status === 404) {
        stop();
        hear.gone();
        return;
      }
      if (!response.ok) throw new Error(`status ${response.status}`);
      tell(await response.json());
      timer = stopped ? undefined : setTimeout(listen, 1000);
    } catch {
      if (stopped) return;
      hear.lost();
      timer = setTimeout(look, LOST_PAUSES_MS[Math.min(failures++, LOST_PAUSES_MS.length - 1)]);
    }
  };

  listen();
  return stop;
}

function bodyOf(text, pictures) {
  if (pictures.length === 0) {
    return { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) };
  }
  const form = new FormData();
  form.append("text", text);
  for (const picture of pictures) form.append("picture", picture);
  return { body: form };
}

function send(url, options = {}) {
  return fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...options });
}
