/** One call: what it is for, what it takes, what it answers; and beside it the form to try it. */

import { boundsOf, shapeOf, typeOf } from "./docs-schema.js";
import { Trial } from "./docs-try.js";
import { pretty, prose } from "./docs-words.js";
import { make } from "./dom.js";

/**
 * @typedef {{method: string, path: string, operationId: string, summary: string, description: string, parameters?: any[],
 *   requestBody?: any, responses: Record<string, any>, trial?: Trial}} Call
 */

/**
 * Return a call as a section of the page.
 *
 * @param {Call} call
 * @param {Map<string, Call>} byId
 * @param {any} components
 */
export function sectionOf(call, byId, components) {
  const { method, path, operationId, summary, description, parameters = [], requestBody, responses } = call;
  call.trial = new Trial(call, byId, components);
  const line = make(
    "p",
    { class: "line" },
    make("span", { class: "method", "data-method": method }, method),
    make("code", { class: "path" }, ...pathWords(path)),
  );
  const said = make(
    "div",
    { class: "said" },
    make("h3", {}, make("a", { href: `#${operationId}` }, summary)),
    line,
    make("p", {}, ...prose(description)),
    ...(parameters.length ? [make("h4", { class: "label" }, "Parameters"), make("ul", { class: "members" }, ...parameters.map(parameterRow))] : []),
    ...(requestBody ? [make("h4", { class: "label" }, "Body"), make("p", {}, ...prose(requestBody.description ?? "")), ...bodyShape(requestBody)] : []),
    make("h4", { class: "label" }, "Answers"),
    ...Object.entries(responses).map(([status, answer]) => answerRow(status, answer)),
  );
  return make("article", { class: "call", id: operationId }, said, call.trial.element);
}

/**
 * A path, with its parameters set apart and places where it may be broken.
 *
 * @param {string} path
 */
function pathWords(path) {
  return path.split(/(?=\/)|(\{\w+\})/).filter(Boolean).flatMap((part) => (part.startsWith("{") ? [make("i", {}, part)] : [make("wbr"), part]));
}

/** @param {any} parameter */
function parameterRow({ name, in: place, required, description, schema }) {
  const head = make(
    "div",
    { class: "member" },
    make("code", { class: "key" }, name),
    make("span", { class: "type" }, ...typeOf(schema)),
    make("span", { class: "place" }, place),
    ...(required ? [make("span", { class: "must" }, "required")] : []),
  );
  const bounds = boundsOf(schema);
  return make("li", {}, head, make("p", {}, ...prose(description)), ...(bounds ? [make("p", { class: "bounds" }, bounds)] : []));
}

/** @param {any} body */
const bodyShape = ({ content }) => Object.values(content).flatMap(({ schema }) => (schema ? shapeOf(schema) : []));

/**
 * @param {string} status
 * @param {any} answer
 */
function answerRow(status, { description, content = {}, headers = {} }) {
  const summary = make("summary", {}, make("span", { class: "status", "data-kind": status[0] }, status), make("span", {}, ...prose(description)));
  const named = Object.entries(headers).map(([name, header]) =>
    make("li", {}, make("code", { class: "key" }, name), " ", ...prose(header.description)),
  );
  const parts = Object.entries(content).flatMap(([type, media]) => mediaParts(type, media));
  if (!named.length && !parts.length) return make("div", { class: "answer" }, summaryless(summary));
  return make("details", { class: "answer" }, summary, ...(named.length ? [make("ul", { class: "headers" }, ...named)] : []), ...parts);
}

/** @param {HTMLElement} summary */
const summaryless = (summary) => make("p", {}, ...summary.childNodes);

/**
 * @param {string} type
 * @param {any} media
 */
function mediaParts(type, { schema, itemSchema, examples = {} }) {
  const heading = make("p", { class: "media" }, make("code", {}, type), itemSchema ? " — each event:" : "");
  const shown = Object.entries(examples).map(([name, { summary, value, serializedValue }]) =>
    make("details", { class: "example" }, make("summary", {}, `Example: ${summary ?? name}`), code(serializedValue ?? pretty(value))),
  );
  return [heading, ...(schema ?? itemSchema ? shapeOf(schema ?? itemSchema) : []), ...shown];
}

/** @param {string} text */
const code = (text) => make("pre", { tabindex: "0" }, text);
