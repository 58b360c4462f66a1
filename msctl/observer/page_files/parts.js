// Small pieces that several sections are made of; strangers' words go in as text.

import { sign } from "/page/graph.js";
import { harmless } from "/page/text.js";

const SIGNS = { closed: "✓", open: "✗", half_open: "…", done: "✓", failed: "✗", interrupted: "✗", absent: "·",
  registered: "+", deregistered: "−", restarted: "↻", admitted: "+", trouble: "✗" };

export function cell(text, kind) {
  const made = document.createElement("td");
  if (kind) made.className = kind;
  if (text instanceof Node) made.append(text); else made.textContent = harmless(text);
  return made;
}

export function mark(state) {
  const made = document.createElement("span");
  made.className = `mark ${/^[a-z_]+$/.test(state) ? state : "unknown"}`;
  made.textContent = `${SIGNS[state] || sign(state)} ${harmless(state).replace("_", "-")}`;
  return made;
}

export function rows(id, found) {
  const body = document.getElementById(id).tBodies[0];
  body.replaceChildren(...found.map(cells => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  }));
}

export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (bytes < 1024) return `${bytes < 100 ? Number(bytes.toPrecision(3)) : bytes.toFixed(0)} ${unit}`;
    bytes /= 1024;
  }
  return `${bytes.toFixed(1)} TiB`;
}

export function number(value) { return value === null || value === undefined ? "–" : value; }
