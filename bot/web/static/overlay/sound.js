// Two sounds, made of oscillators: no file to load. Where the browser allows no sound without a click (OBS does), nothing.

const LOUD = 0.18;

let context = null;

/** Something comes. */
export function pop() {
  tone({ from: 180, to: 640, lasts: 0.12, type: "sine" });
}

/** The face is there. */
export function chime() {
  for (const [at, pitch] of [659, 880, 1319].entries()) {
    tone({ from: pitch, to: pitch, lasts: 0.45, type: "triangle", after: at * 0.08 });
  }
}

function tone({ from, to, lasts, type, after = 0 }) {
  context ??= new AudioContext();
  if (context.state === "suspended") {
    context.resume(); // not waited for: late is worse than never
    return;
  }
  const start = context.currentTime + after;
  const [oscillator, volume] = [new OscillatorNode(context, { type, frequency: from }), new GainNode(context)];
  oscillator.frequency.exponentialRampToValueAtTime(to, start + lasts);
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(LOUD, start + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + lasts);
  oscillator.connect(volume).connect(context.destination);
  oscillator.onended = () => volume.disconnect();
  oscillator.start(start);
  oscillator.stop(start + lasts);
}
