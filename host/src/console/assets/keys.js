// Shortcuts. Single letters work outside of fields only, and can be switched off in the account (WCAG 2.2, SC 2.1.4).

const PLACES = { d: "/deals", l: "/leads", c: "/calendar", a: "/automation", r: "/runs" };

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}

/** Begins to listen. */
export function startKeys() {
  if (document.body.dataset.shortcuts !== "on") return;
  let isGoing = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (isGoing && PLACES[event.key]) {
      location.assign(PLACES[event.key]);
    } else if (event.key === "g") {
      isGoing = true;
      setTimeout(() => (isGoing = false), 1500);
      return;
    } else if (event.key === "?") {
      document.getElementById("keys").showModal();
    } else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search")?.focus();
    }
    isGoing = false;
  });
}
