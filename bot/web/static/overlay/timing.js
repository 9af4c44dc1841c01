// Waiting that can be called off.

/** Wait; throw at once when the signal is aborted. */
export function pause(ms, signal) {
  return orAborted(new Promise((resolve) => setTimeout(resolve, ms)), signal);
}

/** What `promise` gives; throws when the signal is aborted first. */
export function orAborted(promise, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A picture that is ready to be drawn, of the first address that works in time; throws when none does. */
export async function picture(urls, signal, withinMs = 10_000) {
  for (const [at, url] of urls.entries()) {
    const image = new Image();
    image.referrerPolicy = "no-referrer";
    image.src = url;
    try {
      await orAborted(Promise.race([image.decode(), late(withinMs)]), signal);
      return image;
    } catch (error) {
      image.src = "";
      if (signal.aborted || at === urls.length - 1) throw error;
    }
  }
  throw new Error("no address");
}

function late(ms) {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), ms));
}
