// What the service keeps: plain values in this process's memory, gone with it.

import { randomUUID } from "node:crypto";

const LONGEST = 200;
const MOST = 10_000;

export class Refused extends Error {
  constructor(status, kind, detail) {
    super(detail);
    this.status = status;
    this.kind = kind;
  }
}

export function parseText(body) {
  let document;
  try {
    document = JSON.parse(body);
  } catch (error) {
    throw new Refused(400, "invalid-json", `The body is not JSON: ${error.message}`);
  }
  const text = document?.text;
  if (typeof text !== "string" || text.length === 0 || text.length > LONGEST) {
    throw new Refused(400, "invalid-item", `'text' is not a text of 1 to ${LONGEST} characters`);
  }
  return text;
}

export class Items {
  #items = new Map();

  add(text) {
    const item = { id: randomUUID(), text, added_at: new Date().toISOString() };
    this.#items.set(item.id, item);
    if (this.#items.size > MOST) this.#items.delete(this.#items.keys().next().value);
    return item;
  }

  find(id) {
    const item = this.#items.get(id);
    if (!item) throw new Refused(404, "no-such-item", "There is no item with this id");
    return item;
  }

  newest(limit) {
    return [...this.#items.values()].reverse().slice(0, limit);
  }
}
