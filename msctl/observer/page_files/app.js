// The page: everything a stranger may have written goes in through textContent, never as markup.

import { showAlerts, showData, showDead } from "/page/data.js";
import { draw, sign, worst } from "/page/graph.js";
import { showHistory } from "/page/history.js";
import { cell, mark, number as whole, rows } from "/page/parts.js";
import { harmless } from "/page/text.js";
import { listTraces, openTrace } from "/page/traces.js";

const MOST_LINES = 2000;
const $ = id => document.getElementById(id);
let seen = null;
let heard = 0;
let drawn = "";
let lineSource = null;
let searches = 0;

function seconds(value) {
  if (value === null || value === undefined) return "–";
  return value >= 1 ? `${value.toFixed(2)} s` : `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
}

function number(value) { return value >= 100 ? value.toFixed(0) : value.toFixed(1); }

function spark(values) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 110 22");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", values.length ? `requests a second, last ${number(values[values.length - 1])}` : "no data yet");
  if (values.length > 1) {
    const top = Math.max(...values, 1), step = 108 / (values.length - 1);
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", values.map((v, i) => `${i ? "L" : "M"}${(1 + i * step).toFixed(1)} ${(20 - 18 * v / top).toFixed(1)}`).join(""));
    svg.append(path);
  }
  return svg;
}

function trafficCells(traffic) {
  if (!traffic) return [..."–––––––"].map(c => cell(c, "n")).concat(cell("", ""));
  const memory = traffic.memory === null ? "–" : `${(traffic.memory / 2 ** 20).toFixed(0)} MiB`;
  const cpu = traffic.cpu === null ? "–" : `${(traffic.cpu * 100).toFixed(0)} %`;
  const errors = cell(number(traffic.errors), traffic.errors > 0 ? "n fail" : "n");
  return [cell(number(traffic.rate), "n"), errors, cell(seconds(traffic.p50), "n"), cell(seconds(traffic.p95), "n"),
    cell(seconds(traffic.p99), "n"), cell(cpu, "n"), cell(memory, "n"), cell(spark(traffic.line), "")];
}

function show() {
  document.title = `${sign(seen.healthy ? "pass" : "fail")} ${seen.project} – msctl`;
  $("project").textContent = harmless(seen.project);
  $("verdict").className = `mark ${seen.healthy ? "pass" : "fail"}`;
  $("verdict").textContent = seen.healthy ? "✓ healthy" : "✗ not healthy";
  $("gateway").textContent = harmless(seen.gateway);
  if (/^https?:\/\//.test(seen.gateway)) $("gateway").href = seen.gateway;
  const picture = JSON.stringify([seen.services.map(s => [s.name, s.ready, s.instances.map(i => i.health)]), seen.platform, seen.circuits.map(c => [c.caller, c.callee, c.state])]);
  if (picture !== drawn) { drawn = picture; $("graph").replaceChildren(draw(seen)); }
  showTables();
  showTrouble();
  showCircuits();
  showAlerts(seen);
  showData(seen);
  showDead(seen);
}

function showTables() {
  const gateway = [cell("gateway"), cell(mark((seen.platform.find(p => p.role === "gateway") || {}).health || "unknown")), cell("", "n"), ...trafficCells(seen.traffic)];
  rows("service-table", [gateway, ...seen.services.map(s =>
    [cell(s.name), cell(mark(worst(s))), cell(`${s.ready}/${s.replicas}`, "n"), ...trafficCells(s.traffic)])]);
  const eventful = seen.services.filter(s => s.publishes.length || s.subscribes.length);
  $("events").hidden = !eventful.length;
  rows("event-table", eventful.map(s => {
    const e = (s.traffic && s.traffic.events) || {};
    const queue = s.queue || {}, given = queue.dead === undefined ? e.dead || 0 : queue.dead;
    const dead = cell(given, given ? "n fail" : "n");
    return [cell(s.name), cell(s.publishes.join(", ") || "–"), cell(s.subscribes.join(", ") || "–"),
      cell(e.published || 0, "n"), cell(e.handled || 0, "n"), cell(e.retry || 0, "n"), cell(s.subscribes.length ? whole(queue.waiting) : "–", "n"), dead];
  }));
}

function showTrouble() {
  const parts = [...seen.services.flatMap(s => s.instances), ...seen.platform];
  $("trouble").replaceChildren(...parts.filter(p => p.health !== "pass").map(p => {
    const item = document.createElement("li");
    item.append(mark(p.health), ` ${harmless(p.name)}${p.since ? ` since ${new Date(p.since).toLocaleTimeString()}` : ""}: `, harmless(p.output || "no answer"));
    return item;
  }));
}

function showCircuits() {
  rows("circuit-table", seen.circuits.map(c => {
    const left = c.retry_at && c.state === "open" ? Math.max(0, Math.round((new Date(c.retry_at) - Date.now()) / 1000)) : null;
    return [cell(`${c.caller} → ${c.callee}`), cell(mark(c.state)), cell(`${Math.round(c.failure_rate * 100)} % of ${c.calls}`, "n"),
      cell(c.cause || "–"), cell(left === null ? "–" : `${left} s`, "n")];
  }));
}

function entry(line) {
  const made = document.createElement("div");
  made.className = "entry";
  const time = document.createElement("time");
  time.dateTime = line.time;
  time.textContent = new Date(line.time).toLocaleTimeString([], { hour12: false }) + "." + line.time.slice(20, 23).padEnd(3, "0");
  const who = document.createElement("span");
  who.className = "who";
  who.textContent = harmless(line.instance === null ? line.service : `${line.service}-${line.instance}`);
  const level = document.createElement("span");
  level.className = `level ${line.level || "info"}`;
  level.textContent = (line.level || "info").toUpperCase().slice(0, 4);
  made.append(time, who, level, what(line));
  return made;
}

const OBVIOUS = new Set(["time", "timestamp", "ts", "@timestamp", "level", "@level", "severity", "logger", "service", "instance", "project", "trace_id", "request_id", "error", "exception"]);

function what(line) {
  const made = document.createElement("span");
  made.className = "what";
  made.dir = "ltr";
  const error = [line.fields.error, line.fields.exception].filter(e => typeof e === "string").join("\n");
  const message = harmless(line.message + (error ? `\n${error}` : ""));
  made.textContent = message.length > 10000 ? `${message.slice(0, 10000)}… (${message.length} characters)` : message;
  const told = Object.entries(line.fields).filter(([k, v]) => !OBVIOUS.has(k) && v !== null && v !== "");
  if (told.length) {
    const fields = document.createElement("span");
    fields.className = "fields";
    fields.textContent = "  " + harmless(told.map(([k, v]) => `${k}=${typeof v === "string" ? v : JSON.stringify(v)}`).join(" ")).slice(0, 2000);
    made.append(fields);
  }
  if (line.trace_id) {
    const trace = document.createElement("button");
    trace.type = "button";
    trace.className = "trace";
    trace.textContent = `trace ${line.trace_id.slice(0, 8)}`;
    trace.addEventListener("click", () => { $("log-form").elements.trace.value = line.trace_id; search(); openTrace(line.trace_id); });
    made.append(" ", trace);
  }
  return made;
}

function addLines(found) {
  const box = $("lines");
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
  box.append(...found.map(entry));
  while (box.childElementCount > MOST_LINES) box.firstElementChild.remove();
  if (atEnd || box.dataset.fresh) { box.scrollTop = box.scrollHeight; delete box.dataset.fresh; }
}

async function search() {
  const mine = ++searches;
  if (lineSource) { lineSource.close(); lineSource = null; }
  const form = new FormData($("log-form"));
  const query = new URLSearchParams({ newest: "300" });
  for (const key of ["name", "level", "words", "trace"]) if (form.get(key)) query.set(key, form.get(key).trim());
  $("lines").replaceChildren();
  $("lines").dataset.fresh = "1";
  $("log-state").textContent = "searching";
  if (form.get("follow")) {
    lineSource = new EventSource(`/-/logs/stream?${query}`);
    lineSource.addEventListener("open", () => { $("lines").replaceChildren(); $("lines").dataset.fresh = "1"; $("log-state").textContent = "following"; });
    lineSource.addEventListener("lines", event => addLines(JSON.parse(event.data)));
    lineSource.addEventListener("error", () => { $("log-state").textContent = "not connected"; });
    return;
  }
  const answer = await fetch(`/-/logs?${query}`);
  const text = await answer.text();
  if (mine !== searches) return; // something else was asked for meanwhile
  if (!answer.ok) { $("log-state").textContent = harmless(JSON.parse(text).error); return; }
  const found = text.split("\n").filter(Boolean).map(JSON.parse);
  $("log-state").textContent = found.length ? `the last ${found.length}` : "nothing found";
  addLines(found);
}

async function services() {
  const found = await (await fetch("/-/logs/services")).json();
  const select = $("log-form").elements.name, chosen = select.value;
  select.replaceChildren(new Option("all", ""), ...Object.keys(found).map(name => new Option(harmless(name), name)));
  select.value = chosen;
}

let happened = null;
const stream = new EventSource("/-/stream");
stream.addEventListener("overview", event => {
  seen = JSON.parse(event.data);
  heard = Date.now();
  show();
  if (seen.history !== happened) { happened = seen.history; showHistory(); services(); }
});
setInterval(() => {
  const late = Date.now() - heard > 10000;
  $("stale").hidden = !late;
  $("stale").textContent = late ? "✗ the observer does not answer; this is how it was" : "";
  if (seen) showCircuits();
}, 1000);
$("log-form").addEventListener("submit", event => { event.preventDefault(); search(); });
$("log-form").addEventListener("change", search);
$("trace-form").addEventListener("submit", event => { event.preventDefault(); listTraces(); });
$("trace-form").addEventListener("change", listTraces);
$("history-form").addEventListener("change", showHistory);
document.addEventListener("keydown", event => {
  if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) { event.preventDefault(); $("log-form").elements.words.focus(); }
});
search();
listTraces();
