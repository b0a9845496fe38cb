// What makes the designer quicker: robots that are dragged, placeholders at the cursor, parts of the form that follow a
// choice.
import { say } from "./app.js";
import { movable } from "./drag.js";
import { redraw } from "./live.js";

/** Changes the draft as the forms of the card do. */
async function move(card, column) {
  const body = new URLSearchParams({
    do: "before",
    entry: card.dataset.id,
    version: document.querySelector(".designer").dataset.version,
    stage: column.dataset.stage,
    before: card.nextElementSibling?.dataset.id ?? "",
  });
  let problem = null;
  try {
    const answer = await fetch(`${location.pathname}/edit`, { method: "POST", body });
    if (answer.ok) return true;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    problem = page.querySelector(".notice-bad")?.textContent;
  } catch {
    // The page says by itself that the connection is lost.
  }
  await redraw();
  if (problem) say(problem);
  return false;
}

movable({
  card: ".robot-card",
  column: ".designer .column",
  list: ".robots:not(.triggers)",
  area: () => document.querySelector(".designer"),
  isOrdered: true,
  ignore: "button, input, select, summary, label",
  move,
  title: (card) => card.querySelector(".robot-title a").textContent,
  path: (card) => card.querySelector(".robot-title a").getAttribute("href"),
});

let lastField = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-placeholders]")) lastField = event.target;
});

// A placeholder goes where the cursor was last.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-insert]");
  if (!button) return;
  const own = button.closest(".field")?.querySelector("[data-placeholders]");
  const field = own ?? lastField;
  if (!field) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// A choice that decides what comes after it draws the form again.
document.addEventListener("change", (event) => {
  const choice = event.target.closest("[data-refresh]");
  choice?.form.requestSubmit(choice.form.querySelector('button[value="refresh"]'));
});
