// What this browser remembers: its last faces, by id. The pictures stay with the server and vanish there.

const KEY = "emoteface.faces";
const MOST = 24;

/** All remembered faces `{id, text, files, alt?}`, newest first; `alt` is there once a face is finished. */
export function all() {
  try {
    const faces = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(faces) ? faces.filter((face) => typeof face?.id === "string") : [];
  } catch {
    return []; // storage is switched off, or holds something that is not ours
  }
}

/** Put a face in front, or replace what is known of it. */
export function remember(face) {
  const others = all().filter((other) => other.id !== face.id);
  keep([face, ...others].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, MOST)); // ids begin with their time
}

/** Drop a face for good. */
export function forget(id) {
  keep(all().filter((face) => face.id !== id));
}

function keep(faces) {
  try {
    localStorage.setItem(KEY, JSON.stringify(faces));
  } catch {
    // storage is switched off or full: the faces of this visit are on the page all the same
  }
}
