// Makes one tree like another and touches only what differs, so that focus, scrolling and what is typed stay.

/** Whether a person is at work in this element: it is left alone. */
function isBusy(element) {
  return (
    element.dataset?.dirty === "yes" ||
    element.classList?.contains("lifted") ||
    (element.tagName === "DIALOG" && element.open)
  );
}

const keyOf = (node) => (node.nodeType === 1 ? node.dataset.key || node.id || "" : "");

function isSame(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
}

function morphAttributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    // What a person has opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
}

/** Makes `old` like `fresh`. */
export function morph(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (isBusy(old) || old.isEqualNode(fresh)) return;
  morphAttributes(old, fresh);
  const isTyped = old.matches("input, textarea, select") && old === document.activeElement;
  if (isTyped) return;
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const keyed = new Map();
  for (const child of old.childNodes) {
    if (keyOf(child)) keyed.set(keyOf(child), child);
  }
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    let match = key ? keyed.get(key) : at;
    while (!key && match && keyOf(match)) match = match.nextSibling;
    if (match && isSame(match, wanted)) {
      // Moving an element takes its focus away: the others move around it.
      if (match !== at) old.insertBefore(match, at);
      else at = at.nextSibling;
      morph(match, wanted);
    } else {
      old.insertBefore(document.importNode(wanted, true), at);
    }
  }
  const kept = new Set([...fresh.childNodes].map(keyOf).filter(Boolean));
  while (at) {
    const next = at.nextSibling;
    if (!(at.nodeType === 1 && isBusy(at) && kept.has(keyOf(at)))) at.remove();
    at = next;
  }
}
