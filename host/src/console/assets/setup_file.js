// A set-up file that is chosen or dropped: its text goes into the form, and the form shows what it would change.
import { takesFiles } from "./drop.js";

const place = () => document.getElementById("take");

async function take(file) {
  const said = place().querySelector(".wrong");
  try {
    place().querySelector("textarea").value = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    said.textContent = place().dataset.failed;
    return;
  }
  said.textContent = "";
  place().querySelector("form").requestSubmit();
}

takesFiles("#take", "#chosen", take);
// Without this module a file is pasted as text.
document.getElementById("chosen").closest("label").hidden = false;
document.getElementById("preview")?.focus();
