// Reading and rewriting a command on the page. The server has the real grammar; this only helps the typing.

export const COMMAND = "!face";

const OPTION = /^(style|realism|x|seed|layout|format):/i;

/** The emote words of a command, in order. */
export function emotesOf(text) {
  return tokens(text).filter((token) => !OPTION.test(token));
}

/** The options of a command, as they were typed. */
export function optionsOf(text) {
  return tokens(text).filter((token) => OPTION.test(token)).join(" ");
}

/** The same command with another seed. */
export function reseeded(text) {
  const kept = tokens(text).filter((token) => !/^seed:/i.test(token));
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return [COMMAND, ...kept, `seed:${seed}`].join(" ");
}

function tokens(text) {
  const all = text.split(/\s+/).filter(Boolean);
  return all[0]?.toLowerCase() === COMMAND ? all.slice(1) : all;
}
