// Building elements. Text only ever enters a page as text.

/** An element with properties and children (nodes or strings). */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A button that does `act`. */
export function button(label, act) {
  const made = element("button", { type: "button" }, label);
  made.addEventListener("click", act);
  return made;
}

/** The server's words as a paragraph; what stands in `backticks` becomes code. */
export function wordsOf(message) {
  const parts = message.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));
  return element("p", { className: "words" }, ...parts);
}
