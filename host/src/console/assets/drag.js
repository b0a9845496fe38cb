// Cards in columns: dragged by pointer or touch, or moved by keyboard. What a move means is the page's business.
import { say } from "./app.js";
import { pause, redraw } from "./live.js";

/** So far a pointer goes before it drags: less is a click. */
const SLOP = 6;
/** So long a finger rests before it drags: less is scrolling. */
const REST = 350;

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/**
 * Lets the cards of a page be moved.
 *
 * `card`, `column` and `list` are selectors, `area` gives the element that scrolls and has the texts. With `isOrdered` a
 * card has a place among the others. `ignore` selects what a pointer does not drag by. `move(card, column)` sends what
 * was chosen: the card stands there already. `title(card)` is its name, `path(card)` its page.
 */
export function movable({ card: CARD, column: COLUMN, list: LIST, area, isOrdered, ignore, move, title, path }) {
  const columns = () => [...document.querySelectorAll(COLUMN)];
  const columnOf = (card) => card.closest(COLUMN);
  const listOf = (column) => column.querySelector(LIST);
  const cardsOf = (column) => [...listOf(column).querySelectorAll(CARD)];
  const nameOf = (column) => column.getAttribute("aria-label");
  const homeOf = (card) => ({ list: card.parentNode, next: card.nextElementSibling });
  const isHome = (card, home) => card.parentNode === home.list && card.nextElementSibling === home.next;
  const focus = (card) => document.querySelector(`${CARD}[data-id="${card.dataset.id}"]`)?.focus();

  // Keyboard.
  let lifted = null;

  function lift(card) {
    lifted = { card, home: homeOf(card) };
    card.classList.add("lifted");
    pause(true);
    say(fill(area().dataset.lifted, { title: title(card) }));
  }

  /** To the column beside, or to the place before or behind. */
  function carry(aside, along) {
    const { card } = lifted;
    const all = columns();
    const from = all.indexOf(columnOf(card));
    const at = Math.min(all.length - 1, Math.max(0, from + aside));
    if (at !== from) listOf(all[at]).prepend(card);
    else if (along < 0) card.previousElementSibling?.before(card);
    else if (along > 0) card.nextElementSibling?.after(card);
    else return;
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    const place = isOrdered ? cardsOf(all[at]).indexOf(card) : at;
    const count = isOrdered ? cardsOf(all[at]).length : all.length;
    say(fill(area().dataset.place, { stage: nameOf(all[at]), place: place + 1, count }));
  }

  function putDown(isMeant) {
    const { card, home } = lifted;
    lifted = null;
    card.classList.remove("lifted");
    pause(false);
    if (isMeant && !isHome(card, home)) {
      send(card);
      return;
    }
    home.list.insertBefore(card, home.next);
    card.focus();
    say(fill(area().dataset.cancelled, { title: title(card) }));
  }

  async function send(card) {
    const column = columnOf(card);
    card.dataset.sending = "yes";
    const said = { title: title(card), stage: nameOf(column) };
    const isDone = await move(card, column).finally(() => delete card.dataset.sending);
    if (!isDone) return;
    say(fill(area().dataset.dropped, said));
    await redraw();
    focus(card);
  }

  const ASIDE = { ArrowLeft: -1, ArrowRight: 1 };
  const ALONG = { ArrowUp: -1, ArrowDown: 1 };

  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.(CARD);
    if (!card || event.target !== card) return;
    const [aside, along] = [ASIDE[event.key] ?? 0, ALONG[event.key] ?? 0];
    if (event.key === " ") {
      lifted ? putDown(true) : lift(card);
    } else if (event.key === "Escape" && lifted) {
      putDown(false);
    } else if (lifted && (aside || (along && isOrdered))) {
      carry(aside, along);
    } else if (aside) {
      const all = columns();
      const next = all[all.indexOf(columnOf(card)) + aside];
      next?.querySelector(`${LIST} ${CARD}`)?.focus();
    } else if (along && !lifted) {
      (along > 0 ? card.nextElementSibling : card.previousElementSibling)?.focus();
    } else if (event.key === "Enter") {
      location.assign(path(card));
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
    const card = event.target.closest?.(CARD);
    if (!card || event.button !== 0 || !card.hasAttribute("tabindex") || lifted || event.target.closest(ignore)) return;
    drag = { card, x: event.clientX, y: event.clientY, id: event.pointerId, isOn: false };
    if (event.pointerType === "touch") {
      drag.isTouch = true;
      drag.timer = setTimeout(begin, REST);
    }
  });

  function begin() {
    const { card } = drag;
    const box = card.getBoundingClientRect();
    drag.isOn = true;
    drag.dx = drag.x - box.left;
    drag.dy = drag.y - box.top;
    drag.home = homeOf(card);
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
    const over = document.elementFromPoint(x, y)?.closest(COLUMN);
    for (const column of columns()) column.classList.toggle("target", column === over);
    drag.over = over;
    if (!isOrdered || !over) return;
    const middle = (card) => card.getBoundingClientRect().top + card.offsetHeight / 2;
    listOf(over).insertBefore(drag.gap, cardsOf(over).find((card) => y < middle(card)) ?? null);
  }

  document.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLOP;
    if (!drag.isOn && far && drag.isTouch) return endDrag();
    if (!drag.isOn && far) begin();
    if (!drag.isOn) return;
    event.preventDefault();
    place(event.clientX, event.clientY);
    const edge = area().getBoundingClientRect();
    if (event.clientX > edge.right - 40) area().scrollBy(12, 0);
    if (event.clientX < edge.left + 40) area().scrollBy(-12, 0);
  });

  /** The card is put down where it shall be, or where it was. */
  function endDrag(isMeant) {
    clearTimeout(drag?.timer);
    const ended = drag;
    drag = null;
    if (!ended?.isOn) return null;
    const { card, over, home } = ended;
    document.body.classList.remove("dragging");
    card.classList.remove("lifted", "carried");
    for (const name of ["left", "top", "width"]) card.style.removeProperty(name);
    if (isMeant === true && over && isOrdered) ended.gap.before(card);
    else if (isMeant === true && over && over !== ended.from) listOf(over).prepend(card);
    else home.list.insertBefore(card, home.next);
    ended.gap.remove();
    for (const column of columns()) column.classList.remove("target");
    pause(false);
    return ended;
  }

  document.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const ended = endDrag(true);
    if (!ended) return;
    // The click that follows would open the card. There may be none, when the pointer is over something else.
    const stop = (click) => click.preventDefault();
    addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", stop, { capture: true }), 50);
    if (!isHome(ended.card, ended.home)) send(ended.card);
  });
  document.addEventListener("pointercancel", endDrag);
  document.addEventListener("touchmove", (event) => drag?.isOn && event.preventDefault(), { passive: false });
  document.addEventListener("dragstart", (event) => event.target.closest?.(CARD) && event.preventDefault());
  document.addEventListener("keydown", (event) => event.key === "Escape" && drag?.isOn && endDrag());
}
