// Databases and broker, dead letters, and what Prometheus finds alarming.

import { cell, mark, number, rows, size } from "/page/parts.js";
import { harmless } from "/page/text.js";

const $ = id => document.getElementById(id);
let known = "";

export function showData(seen) {
  const stores = seen.services.filter(s => s.database).map(s => {
    const data = s.data || {};
    return [cell(s.name), cell(s.database), cell(mark(storeHealth(s))), cell(number(data.connections), "n"), cell(size(data.size), "n")];
  });
  const broker = seen.platform.find(p => p.role === "broker");
  if (broker) {
    const data = seen.broker || {};
    stores.push([cell("broker"), cell("rabbitmq"), cell(mark(broker.health)), cell(number(data.connections), "n"), cell(size(data.size), "n")]);
  }
  $("data").hidden = !stores.length;
  rows("data-table", stores);
  $("disk").textContent = seen.disk ? `${size(seen.disk.free)} of ${size(seen.disk.size)} are free on the engine's disk.` : "";
}

function storeHealth(service) {
  // A service's readiness includes its database: a ready instance vouches for it.
  return service.instances.some(i => i.health === "pass" || i.health === "warn") ? "pass" : "unknown";
}

export function showAlerts(seen) {
  const found = seen.alerts || [];
  $("alerts").replaceChildren(...found.map(alert => {
    const made = document.createElement("li");
    const word = mark(alert.state === "firing" ? "fail" : "starting");
    word.textContent = `${alert.state === "firing" ? "✗" : "…"} ${harmless(alert.name)}`;
    const next = document.createElement("code");
    next.textContent = harmless(alert.next);
    made.append(word, ` ${harmless(alert.severity)}: ${harmless(alert.summary)} `, next);
    return made;
  }));
}

export async function showDead(seen) {
  const now = JSON.stringify(seen.services.map(s => [s.name, (s.queue || {}).dead || 0]));
  if (now === known) return;
  known = now;
  if (!seen.services.some(s => s.queue && s.queue.dead)) { $("dead-box").hidden = true; return; }
  const answer = await fetch("/-/dead");
  const found = await answer.json();
  $("dead-box").hidden = false;
  $("dead").replaceChildren(...(answer.ok ? found.map(letter) : [sentence(found.error)]));
}

function sentence(text) {
  const made = document.createElement("li");
  made.textContent = harmless(text);
  return made;
}

function letter(found) {
  const made = document.createElement("li");
  const box = document.createElement("details");
  const head = document.createElement("summary");
  const cause = document.createElement("span");
  cause.className = "fail";
  cause.textContent = harmless(found.cause).slice(0, 500);
  head.append(`${harmless(found.service)} gave up ${harmless(found.type)} after ${found.tries} tries: `, cause);
  const body = document.createElement("pre");
  body.textContent = pretty(found.body);
  const next = document.createElement("p");
  next.className = "hint";
  const command = document.createElement("code");
  command.textContent = `msctl events dead replay ${harmless(found.id)}`;
  next.append("Try it again: ", command);
  box.append(head, body, next);
  made.append(box);
  return made;
}

function pretty(body) {
  try { return harmless(JSON.stringify(JSON.parse(body), null, 2)); } catch { return harmless(body); }
}
