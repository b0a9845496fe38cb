// The live tail of the journal: it stands still while somebody reads.
import { say } from "./app.js";
import { pause } from "./live.js";

let isHeld = false;

function show() {
  const button = document.getElementById("tail");
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isHeld));
  button.textContent = isHeld ? button.dataset.off : button.dataset.on;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#tail");
  if (!button) return;
  isHeld = !isHeld;
  pause(isHeld);
  show();
  say(isHeld ? button.dataset.held : "");
});
document.addEventListener("redrawn", show);
show();
