// The mark's human eye looks where the visitor does. Only the eye.

const REACH = 3.5; // how far the iris may wander, in the drawing's units
const DISTANCE_PX = 260; // from here on it looks as far aside as it can

/** Let `gaze` (the iris inside an SVG eye) follow the pointer, and `line` while somebody types there. */
export function openEye(gaze, line) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  addEventListener("pointermove", (event) => look(gaze, event.clientX, event.clientY), { passive: true });
  line.addEventListener("input", () => {
    const box = line.getBoundingClientRect();
    look(gaze, box.left + Math.min(box.width, 20 + 9 * line.value.length), box.top + box.height / 2);
  });
}

function look(gaze, x, y) {
  const box = gaze.ownerSVGElement.getBoundingClientRect();
  const across = x - (box.left + box.width * 0.68); // the eye's place in the drawing
  const down = y - (box.top + box.height * 0.4);
  const reach = REACH / Math.max(DISTANCE_PX, Math.hypot(across, down));
  gaze.setAttribute("transform", `translate(${(across * reach).toFixed(2)} ${(down * reach * 0.6).toFixed(2)})`);
}
