// A place of the page that takes a file: chosen there, or dropped on it.

/** Gives `take` the file that somebody drops on the place or chooses in its field. */
export function takesFiles(place, field, take) {
  document.addEventListener("change", (event) => {
    if (event.target.matches(field) && event.target.files[0]) take(event.target.files[0]);
  });
  const over = (event) => event.target.closest?.(place);
  document.addEventListener("dragover", (event) => {
    if (!over(event)) return;
    event.preventDefault();
    over(event).classList.add("over");
  });
  const leave = () => document.querySelector(place)?.classList.remove("over");
  document.addEventListener("dragleave", leave);
  document.addEventListener("drop", (event) => {
    if (!over(event)) return;
    event.preventDefault();
    leave();
    const file = event.dataTransfer.files[0];
    if (file) take(file);
  });
}
