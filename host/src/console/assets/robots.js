// Installs a robot: a file that is chosen or dropped goes to the API, which checks it.
import { takesFiles } from "./drop.js";

const place = () => document.getElementById("install");

async function install(file) {
  const said = document.getElementById("install-refused");
  said.textContent = place().dataset.sending;
  let answer;
  try {
    answer = await fetch("/api/v1/robots", {
      method: "POST",
      headers: { "content-type": "application/wasm" },
      body: file,
    });
  } catch {
    said.textContent = place().dataset.failed;
    return;
  }
  const told = await answer.json();
  // What it may do is read on its page before anybody attaches it.
  if (answer.ok) location.assign(`/robots/${told.id}`);
  else said.textContent = told.detail;
}

takesFiles("#install", "#component", install);
