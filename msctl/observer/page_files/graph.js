// Draws who calls whom and whose events go where: plain SVG, columns by how far from the gateway.

import { harmless } from "/page/text.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 168, HEIGHT = 58, GAP_X = 92, GAP_Y = 22;
const SIGNS = { pass: "✓", warn: "!", fail: "✗", unknown: "?", starting: "…", absent: "–" };

export function draw(seen) {
  const nodes = place(seen);
  const columns = Math.max(...nodes.map(n => n.column)) + 1;
  const width = columns * WIDTH + (columns - 1) * GAP_X + 8;
  const height = Math.max(...nodes.map(n => n.y)) + HEIGHT + 8;
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": describe(seen) });
  const byName = new Map(nodes.map(n => [n.name, n]));
  for (const edge of edges(seen)) drawEdge(svg, edge, byName, nodes);
  for (const node of nodes) drawNode(svg, node);
  return svg;
}

export function worst(service) {
  const order = ["fail", "unknown", "starting", "warn", "pass"];
  return order.find(h => service.instances.some(i => i.health === h)) || "fail";
}

export function sign(health) { return SIGNS[health] || "?"; }

function edges(seen) {
  const states = new Map(seen.circuits.map(c => [`${c.caller}>${c.callee}`, c.state]));
  const found = [];
  for (const service of seen.services) {
    if (service.routed) found.push({ from: "gateway", to: service.name, state: states.get(`gateway>${service.name}`) });
    for (const callee of service.calls || []) found.push({ from: service.name, to: callee, state: states.get(`${service.name}>${callee}`) });
    for (const source of service.hears || []) found.push({ from: source, to: service.name, event: true });
  }
  return found;
}

function place(seen) {
  const names = new Set(seen.services.map(s => s.name));
  const depth = new Map();
  const called = new Set(seen.services.flatMap(s => s.calls || []));
  for (const s of seen.services) depth.set(s.name, s.routed && !called.has(s.name) ? 1 : 0);
  for (let turn = 0; turn < seen.services.length; turn++)
    for (const s of seen.services)
      for (const callee of s.calls || [])
        if (names.has(callee) && depth.get(s.name) && depth.get(callee) <= depth.get(s.name) && depth.get(s.name) < 4)
          depth.set(callee, depth.get(s.name) + 1);
  for (const s of seen.services) if (!depth.get(s.name)) depth.set(s.name, s.routed ? 1 : 2);
  const gateway = seen.platform.find(p => p.role === "gateway") || { health: "unknown" };
  const nodes = [{ name: "gateway", column: 0, health: gateway.health, sub: "front door" }];
  for (const s of seen.services) {
    const base = s.database ? s.database : "no database";
    nodes.push({ name: s.name, column: depth.get(s.name), health: worst(s), sub: `${s.ready}/${s.replicas} ready · ${base}` });
  }
  const used = new Map();
  const counts = new Map();
  for (const n of nodes) counts.set(n.column, (counts.get(n.column) || 0) + 1);
  const most = Math.max(...counts.values());
  for (const n of nodes) {
    const row = used.get(n.column) || 0;
    used.set(n.column, row + 1);
    const free = (most - counts.get(n.column)) * (HEIGHT + GAP_Y) / 2;
    n.x = 4 + n.column * (WIDTH + GAP_X);
    n.y = 4 + free + row * (HEIGHT + GAP_Y);
  }
  return nodes;
}

function drawNode(svg, node) {
  const group = element("g", {});
  group.append(element("rect", { x: node.x, y: node.y, width: WIDTH, height: HEIGHT, rx: 9, class: `box ${node.health}` }));
  group.append(label(node.x + 12, node.y + 24, short(node.name, 17), ""));
  group.append(label(node.x + 12, node.y + 44, short(node.sub, 26), "sub"));
  const state = label(node.x + WIDTH - 12, node.y + 24, `${sign(node.health)} ${node.health}`, node.health);
  state.setAttribute("text-anchor", "end");
  if (node.name.length > 11) state.textContent = sign(node.health);
  group.append(state);
  svg.append(group);
}

function lane(nodes, from, to, y) {
  // A line over a column with a box in its way goes through the gap below that box.
  const between = nodes.filter(n => n.column > from.column && n.column < to.column);
  const hit = between.find(n => y > n.y - 6 && y < n.y + HEIGHT + 6);
  return hit ? { y: hit.y + HEIGHT + GAP_Y / 2, left: hit.x - 8, right: Math.max(...between.map(n => n.x)) + WIDTH + 8 } : null;
}

function drawEdge(svg, edge, byName, nodes) {
  const from = byName.get(edge.from), to = byName.get(edge.to);
  if (!from || !to || from === to) return;
  const offset = edge.event ? 12 : 0;
  const same = from.column === to.column;
  const back = from.column > to.column;
  const x1 = back ? from.x : from.x + WIDTH, y1 = from.y + HEIGHT / 2 + offset;
  const x2 = same ? to.x + WIDTH : back ? to.x + WIDTH : to.x, y2 = to.y + HEIGHT / 2 + offset;
  const bend = same ? 46 : (back ? -1 : 1) * Math.max(40, Math.abs(x2 - x1) / 2);
  const c2 = same ? x2 + 46 : x2 - bend;
  const kind = edge.event ? "event" : edge.state && edge.state !== "closed" ? edge.state : "";
  const free = from.column + 1 < to.column ? lane(nodes, from, to, (y1 + y2) / 2) : null;
  const line = free
    ? `M${x1} ${y1} C${x1 + 40} ${y1} ${free.left - 40} ${free.y} ${free.left} ${free.y} H${free.right} C${free.right + 40} ${free.y} ${x2 - 40} ${y2} ${x2} ${y2}`
    : `M${x1} ${y1} C${x1 + bend} ${y1} ${c2} ${y2} ${x2} ${y2}`;
  svg.append(element("path", { class: `edge ${kind}`, d: line }));
  const tip = same || back ? 7 : -7;
  svg.append(element("path", { class: "tip", d: `M${x2} ${y2} l${tip} -4 v8 z` }));
  if (kind === "open" || kind === "half_open") {
    const word = label((x1 + x2) / 2, (y1 + y2) / 2 - 5, kind === "open" ? "✗ open" : "… half-open", kind === "open" ? "fail" : "warn");
    word.setAttribute("text-anchor", "middle");
    svg.append(word);
  }
}

function describe(seen) {
  const parts = seen.services.map(s => `${s.name} ${worst(s)}`);
  return `Services: ${harmless(parts.join(", "))}. Lines are calls, dashed lines events.`;
}

function short(text, most) {
  const shown = harmless(text);
  return shown.length <= most ? shown : shown.slice(0, most - 1) + "…";
}

function label(x, y, text, kind) {
  const made = element("text", { x, y, class: kind });
  made.textContent = text;
  return made;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
