// The overlay: what the server tells becomes acts, one after the other.

import { Acts } from "./acts.js";
import { faceAct } from "./face.js";
import { roundAct } from "./round.js";
import { listen } from "./stream.js";

const base = location.pathname.replace(/\/$/, "");
const screen = document.getElementById("screen");
const acts = new Acts(screen);
const look = { theme: "plain", position: "bottom-right", size_percent: 40, duration_s: 8, sound: false };

/** Addresses of pictures are the server's own, below this page's, or whole ones of the emotes' sites. */
const address = (path) => (/^(https?:\/)?\//.test(path) ? path : `${base}/${path}`);

listen(`${base}/events`, {
  look(told) {
    Object.assign(look, told);
    screen.dataset.position = look.position;
    document.documentElement.lang = look.language;
    document.documentElement.dataset.theme = look.theme;
    document.documentElement.style.setProperty("--size", `${look.size_percent}vh`);
  },
  face: (face) => acts.add(face.id, () => faceAct(face, look, address)),
  round: (round) => acts.add(round.id, () => roundAct(round, look, address), { urgent: true }),
  reveal: (round) => acts.tell(round.id, round),
  hide: ({ id }) => acts.drop(id),
  kept: ({ ids }) => acts.keepOnly(ids),
});
if (parent !== window) listenTold();

/** The file on the streamer's disk that shows this page hears that it lives; it is of no site, so this is for all. */
function listenTold() {
  const alive = () => parent.postMessage("emoteface-overlay-alive", "*");
  alive();
  setInterval(alive, 5000);
}
