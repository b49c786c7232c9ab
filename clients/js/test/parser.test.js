/** The rules of the HTML standard for event streams, one by one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStreamParser } from "../safelight.js";

const encoder = new TextEncoder();

/** Parse a stream that comes in these pieces. */
function parse(pieces, lastEventId) {
  const events = [];
  const retries = [];
  const parser = new EventStreamParser({ onEvent: (event) => events.push(event), onRetry: (ms) => retries.push(ms) }, lastEventId);
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return { events, retries, lastEventId: parser.lastEventId };
}

const data = (...pieces) => parse(pieces).events.map((event) => event.data);
const message = (text, lastEventId = "") => ({ type: "message", data: text, lastEventId });

const CASES = [
  ["one line of data is an event", "data: one\n\n", [message("one")]],
  ["lines of data are joined by LF", "data: one\ndata: two\n\n", [message("one\ntwo")]],
  ["only one space after the colon is taken off", "data:one\n\ndata:  two\n\ndata: \tthree\n\n", [message("one"), message(" two"), message("\tthree")]],
  ["a field without a colon has an empty value", "data\n\n", [message("")]],
  ["empty data is an event", "data:\n\n", [message("")]],
  ["two lines of empty data are one LF", "data\ndata\n\n", [message("\n")]],
  ["no data is no event, and its type does not linger", "event: log\n\ndata: one\n\n", [message("one")]],
  ["an event can have a type", "event: log\ndata: one\n\ndata: two\n\n", [{ ...message("one"), type: "log" }, message("two")]],
  ["the last type counts, and an empty one is message", "event: a\nevent: b\ndata: x\n\nevent: a\nevent\ndata: y\n\n", [{ ...message("x"), type: "b" }, message("y")]],
  ["comments are nothing", ": ok\n\n:\n\n:data: one\ndata: two\n: in between\ndata: three\n\n", [message("two\nthree")]],
  ["unknown fields are nothing, and names are case-sensitive", "Data: one\ndatum: two\n data: three\n\ndata: four\n\n", [message("four")]],
  ["a colon in the value belongs to it", "data: a: b\n\n", [message("a: b")]],
  ["an id stays until the next", "id: 1\ndata: one\n\ndata: two\n\nid: 2\ndata: three\n\n", [message("one", "1"), message("two", "1"), message("three", "2")]],
  ["an empty id resets it", "id: 1\ndata: one\n\nid\ndata: two\n\n", [message("one", "1"), message("two")]],
  ["an id with NUL is ignored", "id: 1\ndata: one\n\nid: 2\0\ndata: two\n\n", [message("one", "1"), message("two", "1")]],
  ["NUL in data is data", "data: a\0b\n\n", [message("a\0b")]],
  ["CR ends a line", "data: one\rdata: two\r\r", [message("one\ntwo")]],
  ["CRLF is one end", "data: one\r\ndata: two\r\n\r\n", [message("one\ntwo")]],
  ["LF CR is two ends", "data: one\n\rdata: two\n\r", [message("one"), message("two")]],
  ["ends can be mixed", "data: one\rdata: two\ndata: three\r\n\ndata: four\r\n\r", [message("one\ntwo\nthree"), message("four")]],
  ["U+2028 and form feed end nothing", "data: a\u2028b\fc\n\n", [message("a\u2028b\fc")]],
  ["a byte order mark at the start is skipped", "\uFEFFdata: one\n\n", [message("one")]],
  ["only one byte order mark is skipped", "\uFEFF\uFEFFdata: one\n\ndata: two\n\n", [message("two")]],
  ["a byte order mark later on is text", "data: one\n\n\uFEFFdata: two\n\ndata: \uFEFFthree\n\n", [message("one"), message("\uFEFFthree")]],
  ["an event without its blank line never happened", "data: one\n\ndata: two\n", [message("one")]],
  ["an event cut inside a line never happened", "data: one\n\ndata: tw", [message("one")]],
  ["letters of several bytes survive", "data: жар 🔥 日本\n\n", [message("жар 🔥 日本")]],
];

for (const [name, stream, expected] of CASES) {
  const bytes = encoder.encode(stream);

  test(name, () => assert.deepEqual(parse([bytes]).events, expected));

  test(`${name}, cut at any byte`, () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
      assert.deepEqual(parse(pieces).events, expected, `cut at ${at}`);
    }
  });

  test(`${name}, byte by byte and with nothing in between`, () => {
    const pieces = [...bytes].flatMap((byte) => [new Uint8Array(), Uint8Array.of(byte)]);
    assert.deepEqual(parse(pieces).events, expected);
  });

  test(`${name}, as text`, () => {
    assert.deepEqual(parse([stream]).events, expected);
    assert.deepEqual(parse([...stream].flatMap((letter) => ["", letter])).events, expected);
  });
}

test("an event is there as soon as its blank line is, whatever ends it", () => {
  const seen = [];
  const parser = new EventStreamParser({ onEvent: (event) => seen.push(event.data) });
  parser.push("data: one\r\n\r");
  assert.deepEqual(seen, ["one"]);
  parser.push("\ndata: two\r\r");
  assert.deepEqual(seen, ["one", "two"]);
});

test("retry is a number of ASCII digits or nothing", () => {
  const stream = "retry: 1500\nretry: 2s\nretry: -1\nretry: 1.5\nretry:\nretry\nretry: \u0661\nretry:  7\nretry:0\n\n";
  assert.deepEqual(parse([stream]).retries, [1500, 0]);
});

test("retry counts at once and needs no blank line", () => assert.deepEqual(parse(["retry: 1500\n"]).retries, [1500]));

test("bytes that are no UTF-8 become replacement characters and break nothing", () => {
  const bytes = Uint8Array.of(...encoder.encode("data: a"), 0xff, 0xc3, ...encoder.encode("b\n\ndata: two\n\n"));
  assert.deepEqual(data(bytes), ["a\uFFFD\uFFFDb", "two"]);
});

test("the last event id outlives the connection, and counts without data too", () => {
  assert.deepEqual(parse(["data: one\n\n"], "5").events, [message("one", "5")]);
  assert.equal(parse(["id: 6\n\n"], "5").lastEventId, "6");
  assert.equal(parse(["id: 6\ndata: cut off"], "5").lastEventId, "5");
});

test("what a hook throws comes out of push", () => {
  const parser = new EventStreamParser({
    onEvent: () => {
      throw new Error("mine");
    },
  });
  assert.throws(() => parser.push("data: one\n\n"), /mine/);
});

test("a long stream is read in time that grows with its length only", () => {
  const events = 20_000;
  assert.equal(data(encoder.encode("data: some text\r\n\r\n".repeat(events))).length, events);
});
