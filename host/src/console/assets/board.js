// Cards: dragged by pointer or touch, or moved by keyboard; the same form as the page for moving is sent.
import { say } from "./app.js";
import { pause, redraw } from "./live.js";

/** So far a pointer goes before it drags: less is a click. */
const SLOP = 6;
/** So long a finger rests before it drags: less is scrolling. */
const REST = 350;

const board = () => document.getElementById("board");
const columns = () => [...document.querySelectorAll(".column")];
const columnOf = (card) => card.closest(".column");
const titleOf = (card) => card.querySelector(".card-title a").textContent;
const nameOf = (column) => column.getAttribute("aria-label");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Sends the move; shows what the host says to it. */
async function move(card, column) {
  const title = titleOf(card);
  const body = new URLSearchParams({
    stage: column.dataset.stage,
    version: card.dataset.version,
    back: location.pathname + location.search,
  });
  card.dataset.sending = "yes";
  let answer;
  try {
    answer = await fetch(`${card.dataset.path}/move`, { method: "POST", body });
  } catch {
    await redraw();
    return;
  } finally {
    delete card.dataset.sending;
  }
  if (answer.ok) {
    say(fill(board().dataset.dropped, { title, stage: nameOf(column) }));
    await redraw();
    document.querySelector(`[data-id="${card.dataset.id}"]`)?.focus();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  await redraw();
  refuse(page);
}

/** The refusal as a dialog: with the fields that are missing, to be filled in there. */
function refuse(page) {
  const form = page.querySelector(".move-form");
  const dialog = document.getElementById("refusal");
  if (!form || !dialog) {
    say(page.querySelector("h1")?.textContent ?? "");
    return;
  }
  dialog.replaceChildren(document.importNode(form, true));
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), select")?.focus();
}

document.addEventListener("submit", async (event) => {
  const dialog = event.target.closest("#refusal");
  if (!dialog) return;
  event.preventDefault();
  const form = event.target;
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (answer.ok) {
    dialog.close();
    dialog.replaceChildren();
    await redraw();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  refuse(page);
});

document.addEventListener("click", (event) => {
  const closer = event.target.closest("[data-close]");
  const dialog = closer && document.getElementById(closer.dataset.close);
  if (!dialog?.open) return;
  event.preventDefault();
  dialog.close();
});

// Keyboard.
let lifted = null;

function lift(card) {
  lifted = { card, from: columnOf(card), at: columns().indexOf(columnOf(card)) };
  card.classList.add("lifted");
  pause(true);
  say(fill(board().dataset.lifted, { title: titleOf(card) }));
}

function carry(step) {
  const all = columns();
  const at = Math.min(all.length - 1, Math.max(0, lifted.at + step));
  if (at === lifted.at) return;
  lifted.at = at;
  all[at].querySelector(".cards").prepend(lifted.card);
  lifted.card.focus();
  lifted.card.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(fill(board().dataset.place, { stage: nameOf(all[at]), place: at + 1, count: all.length }));
}

function putDown(isMeant) {
  const { card, from, at } = lifted;
  lifted = null;
  card.classList.remove("lifted");
  const to = columns()[at];
  pause(false);
  if (isMeant && to !== from) {
    move(card, to);
    return;
  }
  say(fill(board().dataset.cancelled, { title: titleOf(card) }));
  redraw().then(() => document.querySelector(`[data-id="${card.dataset.id}"]`)?.focus());
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".card");
  if (!card || event.target !== card) return;
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key === " ") {
    lifted ? putDown(true) : lift(card);
  } else if (event.key === "Escape" && lifted) {
    putDown(false);
  } else if (event.key in steps && lifted) {
    carry(steps[event.key]);
  } else if (event.key in steps) {
    const all = columns();
    const next = all[all.indexOf(columnOf(card)) + steps[event.key]];
    next?.querySelector(".card")?.focus();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !lifted) {
    const next = event.key === "ArrowDown" ? card.nextElementSibling : card.previousElementSibling;
    next?.focus();
  } else if (event.key === "Enter") {
    location.assign(card.dataset.path);
  } else {
    return;
  }
  event.preventDefault();
});
document.addEventListener("focusout", (event) => {
  if (lifted && event.target === lifted.card && event.relatedTarget) putDown(false);
});

// Pointer.
let drag = null;

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.(".card");
  if (!card || event.button !== 0 || !card.hasAttribute("tabindex") || lifted) return;
  if (event.target.closest("input, .move-link")) return;
  drag = { card, x: event.clientX, y: event.clientY, id: event.pointerId, isOn: false };
  if (event.pointerType === "touch") {
    drag.isTouch = true;
    drag.timer = setTimeout(() => begin(), REST);
  }
});

function begin() {
  const { card } = drag;
  const box = card.getBoundingClientRect();
  drag.isOn = true;
  drag.dx = drag.x - box.left;
  drag.dy = drag.y - box.top;
  drag.from = columnOf(card);
  drag.gap = document.createElement("li");
  drag.gap.className = "gap";
  drag.gap.style.setProperty("height", `${box.height}px`);
  card.before(drag.gap);
  card.classList.add("lifted", "carried");
  card.style.setProperty("width", `${box.width}px`);
  document.body.append(card);
  document.body.classList.add("dragging");
  getSelection().removeAllRanges();
  pause(true);
  place(drag.x, drag.y);
}

function place(x, y) {
  drag.card.style.setProperty("left", `${x - drag.dx}px`);
  drag.card.style.setProperty("top", `${y - drag.dy}px`);
  const over = document.elementFromPoint(x, y)?.closest(".column");
  for (const column of columns()) column.classList.toggle("target", column === over);
  drag.over = over;
}

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLOP;
  if (!drag.isOn && far && drag.isTouch) return endDrag();
  if (!drag.isOn && far) begin();
  if (!drag.isOn) return;
  event.preventDefault();
  place(event.clientX, event.clientY);
  const edge = board().getBoundingClientRect();
  if (event.clientX > edge.right - 40) board().scrollBy(12, 0);
  if (event.clientX < edge.left + 40) board().scrollBy(-12, 0);
});

function endDrag() {
  clearTimeout(drag?.timer);
  const ended = drag;
  drag = null;
  if (!ended?.isOn) return null;
  const { card } = ended;
  document.body.classList.remove("dragging");
  card.classList.remove("lifted", "carried");
  for (const name of ["left", "top", "width"]) card.style.removeProperty(name);
  ended.gap.replaceWith(card);
  for (const column of columns()) column.classList.remove("target");
  pause(false);
  return ended;
}

document.addEventListener("pointerup", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  const ended = endDrag();
  if (!ended) return;
  // The click that follows would open the card. There may be none, when the pointer is over something else.
  const stop = (click) => click.preventDefault();
  addEventListener("click", stop, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", stop, { capture: true }), 50);
  if (ended.over && ended.over !== ended.from) {
    ended.over.querySelector(".cards").prepend(ended.card);
    move(ended.card, ended.over);
  }
});
document.addEventListener("pointercancel", endDrag);
document.addEventListener("touchmove", (event) => drag?.isOn && event.preventDefault(), { passive: false });
document.addEventListener("dragstart", (event) => event.target.closest?.(".card") && event.preventDefault());
document.addEventListener("keydown", (event) => event.key === "Escape" && drag?.isOn && endDrag());

// The chosen cards.
function countChosen() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const count = document.querySelectorAll("input[form=bulk]:checked").length;
  bar.classList.toggle("chosen", count > 0);
  bar.querySelector(".bulk-count").textContent = fill(bar.dataset.count, { count });
}
document.addEventListener("change", (event) => event.target.matches?.("input[form=bulk]") && countChosen());
document.addEventListener("reset", () => setTimeout(countChosen));
document.addEventListener("redrawn", countChosen);
document.body.dataset.js = "yes";
countChosen();
