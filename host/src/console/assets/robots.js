// Installs a robot: a file that is chosen or dropped goes to the API, which checks it.
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

document.addEventListener("change", (event) => {
  if (event.target.id === "component" && event.target.files[0]) install(event.target.files[0]);
});
document.addEventListener("dragover", (event) => {
  if (!event.target.closest?.("#install")) return;
  event.preventDefault();
  place().classList.add("over");
});
document.addEventListener("dragleave", () => place()?.classList.remove("over"));
document.addEventListener("drop", (event) => {
  if (!event.target.closest?.("#install")) return;
  event.preventDefault();
  place().classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) install(file);
});
