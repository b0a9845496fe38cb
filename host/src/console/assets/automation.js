// What makes the designer quicker: placeholders at the cursor, parts of the form that follow a choice.

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
