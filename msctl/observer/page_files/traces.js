// Traces as a list, and one as a waterfall with its log lines below the span they were written in.

import { cell, mark, rows } from "/page/parts.js";
import { harmless } from "/page/text.js";

const SVG = "http://www.w3.org/2000/svg";
const $ = id => document.getElementById(id);

export function took(ms) {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export async function listTraces() {
  const which = $("trace-form").elements.which.value;
  const answer = await fetch(`/-/traces?which=${encodeURIComponent(which)}`);
  const found = await answer.json();
  if (!answer.ok) { $("trace-state").textContent = harmless(found.error); return; }
  $("trace-state").textContent = found.length ? "" : which === "errors" ? "none failed" : "no requests yet";
  rows("trace-table", found.map(trace => [
    cell(opener(trace.trace_id)), cell(new Date(trace.start).toLocaleTimeString([], { hour12: false })), cell(trace.name),
    cell(took(trace.duration_ms), "n"), cell(trace.spans, "n"), cell(mark(trace.failed ? "fail" : "pass"))]));
}

export async function openTrace(id) {
  const box = $("waterfall");
  box.hidden = false;
  const answer = await fetch(`/-/traces/${encodeURIComponent(id)}`);
  const found = await answer.json();
  box.replaceChildren(...(answer.ok ? found.map(draw) : [paragraph(`trace ${id}: ${found.error}`)]));
  box.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest" });
}

function opener(id) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "trace";
  made.textContent = harmless(id.slice(0, 8));
  made.title = `show trace ${harmless(id)}`;
  made.addEventListener("click", () => openTrace(id));
  return made;
}

function paragraph(text, kind) {
  const made = document.createElement("p");
  made.className = kind || "hint";
  made.textContent = harmless(text);
  return made;
}

function draw(trace) {
  const made = document.createElement("article");
  const title = document.createElement("h3");
  title.textContent = `${harmless(trace.name)} · ${took(trace.duration_ms)} · ${trace.spans} spans`;
  const list = document.createElement("ol");
  list.append(...trace.rows.map(row => row.record ? record(row) : span(row, trace)));
  made.append(title, paragraph(trace.trace_id, "hint id"), list);
  if (!trace.connected) made.append(paragraph("Pieces of it do not hang together: something on the way passed no trace on.", "warn"));
  return made;
}

function span(row, trace) {
  const made = document.createElement("li");
  made.className = row.status >= 500 ? "span fail" : "span";
  const words = document.createElement("span");
  words.className = `name depth-${Math.min(row.depth, 8)}`;
  const part = document.createElement("b");
  part.textContent = harmless(row.part);
  words.append(part, ` ${harmless(row.name)}`);
  const time = document.createElement("span");
  time.className = "n";
  time.textContent = took(row.duration_ms) + (row.status >= 500 ? ` ✗ ${row.status}` : "");
  made.append(words, bar(row, trace.duration_ms), time);
  return made;
}

function bar(row, whole) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(SVG, "rect");
  const left = whole > 0 ? Math.min(99, Math.max(0, row.offset_ms / whole * 100)) : 0;
  const width = whole > 0 ? row.duration_ms / whole * 100 : 100;
  rect.setAttribute("x", `${left.toFixed(2)}%`);
  rect.setAttribute("width", `${Math.max(.6, Math.min(100 - left, width)).toFixed(2)}%`);
  rect.setAttribute("y", "3");
  rect.setAttribute("height", "10");
  rect.setAttribute("rx", "2");
  svg.append(rect);
  return svg;
}

function record(row) {
  const made = document.createElement("li");
  made.className = `line depth-${Math.min(row.depth, 8)}`;
  const level = document.createElement("span");
  level.className = `level ${/^[a-z]+$/.test(row.record.level || "") ? row.record.level : "info"}`;
  level.textContent = (row.record.level || "info").toUpperCase().slice(0, 4);
  made.append("· ", level, ` ${harmless(row.record.message).slice(0, 500)}`);
  return made;
}
