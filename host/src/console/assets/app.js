// What every page has: live updates, shortcuts, questions before what cannot be undone, forms that are sent once.
import { startLive } from "./live.js";
import { startKeys } from "./keys.js";

/** Says something to everybody, also to those who hear the page. */
export function say(text) {
  const status = document.getElementById("status");
  if (!status) return;
  status.textContent = "";
  requestAnimationFrame(() => (status.textContent = text));
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (status.textContent = ""), 6000);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.method === "post" && isLost() && !form.dataset.sure) {
    event.preventDefault();
    sendIfAnswered(form, event.submitter);
    return;
  }
  // A second click sends nothing. After the event, so that the button's own value still goes along.
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
});

const isLost = () => document.getElementById("connection")?.dataset.state === "lost";

/** While the host is away, sending a form would put an error in the place of the page and of what is typed there. */
async function sendIfAnswered(form, button) {
  try {
    await fetch("/health");
  } catch {
    say(document.getElementById("connection").dataset.kept);
    return;
  }
  form.dataset.sure = "yes";
  form.requestSubmit(button);
}

// What a person has typed stays when the page draws itself anew.
document.addEventListener("input", (event) => {
  const form = event.target.closest("form");
  if (form && form.method !== "get") form.dataset.dirty = "yes";
});
document.addEventListener("reset", (event) => delete event.target.dataset.dirty);

// Filters apply at once.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});

// An open menu closes when something else is clicked, or with Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A button opens the dialog that it names.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
});

// On a telephone the menu scrolls.
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

startLive();
startKeys();
