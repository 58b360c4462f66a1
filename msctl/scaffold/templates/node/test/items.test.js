import assert from "node:assert/strict";
import { test } from "node:test";

import { Items, parseText } from "../src/items.js";

test("what was added is found, newest first", () => {
  const items = new Items();
  const [first, second] = [items.add("one"), items.add("two")];
  assert.deepEqual(items.newest(10), [second, first]);
  assert.equal(items.find(first.id), first);
});

test("what does not exist is a 404", () => {
  assert.throws(() => new Items().find("none"), { status: 404 });
});

test("what is no text is refused", () => {
  for (const body of ["", "{", "{}", '{"text": 7}', '{"text": ""}']) {
    assert.throws(() => parseText(body), { status: 400 });
  }
});
