// Draws the page anew when something that it shows was written.
import { morph } from "./morph.js";

/** The shortest time between two drawings, in milliseconds: a busy pipeline must not keep a browser busy. */
const PAUSE = 500;

let source = null;
let lastDrawn = 0;
let waiting = null;
let isPaused = false;

/** Holds updates back, and lets them go on: while something is dragged, or a list is read. */
export function pause(on) {
  isPaused = on;
  if (!on && waiting === "held") {
    waiting = null;
    redrawSoon();
  }
}

/** Draws the page anew, soon. */
export function redrawSoon() {
  if (isPaused) waiting = "held";
  if (waiting) return;
  const delay = Math.max(0, lastDrawn + PAUSE - performance.now());
  waiting = setTimeout(() => {
    waiting = null;
    redraw();
  }, delay);
}

/** Draws the page anew from its own address. */
export async function redraw() {
  if (isPaused) {
    waiting = "held";
    return;
  }
  lastDrawn = performance.now();
  let text;
  try {
    const answer = await fetch(location.href, { headers: { "x-redraw": "1" }, redirect: "follow" });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
      location.assign(answer.url);
      return;
    }
    if (!answer.ok) return;
    text = await answer.text();
  } catch {
    return;
  }
  if (isPaused) {
    waiting = "held";
    return;
  }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  if (fresh.documentElement.dataset.version !== document.documentElement.dataset.version) {
    // The host was exchanged. Nothing that is typed is thrown away: then the page stays as it is.
    if (!document.querySelector("[data-dirty]")) location.reload();
    return;
  }
  for (const place of ["main", "body > header.top"]) {
    const [old, wanted] = [document.querySelector(place), fresh.querySelector(place)];
    if (old && wanted) morph(old, wanted);
  }
  document.title = fresh.title;
  const topics = fresh.body.dataset.live;
  if (topics && topics !== document.body.dataset.live) {
    document.body.dataset.live = topics;
    connect();
  }
  document.dispatchEvent(new CustomEvent("redrawn"));
}

function show(isLost) {
  const line = document.getElementById("connection");
  if (!line) return;
  if (isLost) {
    line.hidden = false;
    line.textContent = line.dataset.lost;
    line.dataset.state = "lost";
  } else if (line.dataset.state === "lost") {
    line.textContent = line.dataset.back;
    line.dataset.state = "back";
    setTimeout(() => line.dataset.state === "back" && (line.hidden = true), 3000);
  }
}

function connect() {
  source?.close();
  source = new EventSource(document.body.dataset.live);
  source.addEventListener("ready", () => {
    show(false);
    document.body.dataset.connected = "yes";
  });
  source.addEventListener("resync", () => {
    show(false);
    document.body.dataset.connected = "yes";
    redrawSoon();
  });
  source.addEventListener("changed", redrawSoon);
  source.onerror = () => {
    delete document.body.dataset.connected;
    show(true);
    if (source.readyState !== EventSource.CLOSED) return;
    // The browser gives up after an answer that is no stream: a host that is starting, an ended session.
    setTimeout(() => {
      redraw();
      connect();
    }, 3000);
  };
}

/** Begins to watch, as long as somebody sees the page: browsers have few connections for each host. */
export function startLive() {
  if (!document.body.dataset.live) return;
  connect();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
    } else {
      connect();
      redrawSoon();
    }
  });
}
