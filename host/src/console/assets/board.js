// The board: a card that is dropped sends the form of the page for moving; several cards are chosen at once.
import { say } from "./app.js";
import { fill, movable } from "./drag.js";
import { redraw } from "./live.js";

/** Sends the move; shows what the host says against it. */
async function move(card, column) {
  const body = new URLSearchParams({
    stage: column.dataset.stage,
    version: card.dataset.version,
    back: location.pathname + location.search,
  });
  let answer;
  try {
    answer = await fetch(`${card.dataset.path}/move`, { method: "POST", body });
  } catch {
    await redraw();
    return false;
  }
  if (answer.ok) return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  await redraw();
  refuse(page);
  return false;
}

movable({
  card: ".card",
  column: ".column",
  list: ".cards",
  area: () => document.getElementById("board"),
  isOrdered: false,
  ignore: "input, .move-link",
  move,
  title: (card) => card.querySelector(".card-title a").textContent,
  path: (card) => card.dataset.path,
});

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
