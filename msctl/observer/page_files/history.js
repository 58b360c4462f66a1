// Everything that happened, newest first: commands, changes of health, circuits, what the agent did.

import { mark } from "/page/parts.js";
import { harmless } from "/page/text.js";

const LONGEST = 400;
const $ = id => document.getElementById(id);

export async function showHistory() {
  const kind = $("history-form").elements.kind.value;
  const answer = await fetch(`/-/chronicle?kind=${encodeURIComponent(kind)}`);
  if (!answer.ok) { $("history-state").textContent = "not connected"; return; }
  const found = await answer.json();
  $("history-state").textContent = found.length ? "" : "nothing of the kind yet";
  $("changes").replaceChildren(...found.reverse().map(line));
}

function line(entry) {
  const made = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = entry.time;
  time.textContent = new Date(entry.time).toLocaleString([], { hour12: false });
  made.append(time, piece("kind", entry.kind), told(entry));
  return made;
}

function told(entry) {
  const made = piece("told", entry.kind === "command" ? `msctl ${entry.command} ` : `${entry.command} `);
  made.append(mark(entry.result));
  if (entry.deployment !== null) made.append(` deployment ${entry.deployment}`);
  if (entry.revision) made.append(piece("id", ` ${entry.revision}`));
  for (const words of [entry.changed.join(", "), entry.why]) if (words) made.append(piece("why", shortened(words)));
  return made;
}

function shortened(words) {
  const text = harmless(words);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function piece(kind, words) {
  const made = document.createElement("span");
  made.className = kind;
  made.textContent = harmless(words);
  return made;
}
