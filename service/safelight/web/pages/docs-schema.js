/** JSON Schema as tables: a row for each member, a link for each name. */

import { prose } from "./docs-words.js";
import { make } from "./dom.js";

const PREFIX = "#/components/schemas/";
const BOUNDS = [
  ["minimum", "≥ "],
  ["exclusiveMinimum", "> "],
  ["maximum", "≤ "],
  ["exclusiveMaximum", "< "],
  ["minLength", "length ≥ "],
  ["maxLength", "length ≤ "],
  ["minItems", "items ≥ "],
  ["maxItems", "items ≤ "],
  ["pattern", "matches "],
];

/**
 * Return one named schema as a section of the page.
 *
 * @param {string} name
 * @param {any} schema
 */
export function schemaSection(name, schema) {
  const about = schema.description ? [make("p", {}, ...prose(schema.description))] : [];
  return make("article", { class: "schema", id: `schema-${name}` }, make("h3", {}, make("code", {}, name)), ...about, ...shapeOf(schema));
}

/**
 * Return what a schema says of its inside: members, alternatives, choices.
 *
 * @param {any} schema
 * @returns {Node[]}
 */
export function shapeOf(schema) {
  if (schema.$ref) return [make("p", {}, ...typeOf(schema))];
  if (schema.oneOf) return [make("p", { class: "hint" }, "One of:"), make("ul", {}, ...schema.oneOf.map((one) => make("li", {}, ...typeOf(one))))];
  if (schema.if) return conditions(schema);
  if (!schema.properties) return [make("p", {}, ...typeOf(schema))];
  const rows = Object.entries(schema.properties).map(([name, inner]) => memberRow(name, inner, schema.required?.includes(name)));
  return [make("ul", { class: "members" }, ...rows), ...(schema.allOf ?? []).flatMap(promise)];
}

/**
 * Return the type of a value in a few words, with links to what has a name.
 *
 * @param {any} schema
 * @returns {(Node | string)[]}
 */
export function typeOf(schema) {
  if (schema.$ref) {
    const name = schema.$ref.slice(PREFIX.length);
    return [make("a", { class: "ref", href: `#schema-${name}` }, name)];
  }
  if (schema.contentSchema) return ["JSON: ", ...typeOf(schema.contentSchema)];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.flatMap((one, at) => [at ? " or " : "", ...typeOf(one)]);
  if ("const" in schema) return [make("code", {}, JSON.stringify(schema.const))];
  if (schema.enum) return schema.enum.flatMap((one, at) => [at ? " · " : "", make("code", {}, String(one))]);
  if (schema.type === "array") return ["list of ", ...typeOf(schema.items ?? {})];
  return [[schema.type ?? "anything"].flat().join(" or "), schema.format ? ` (${schema.format})` : ""];
}

/**
 * Return the bounds of a value, in a line.
 *
 * @param {any} schema
 */
export function boundsOf(schema) {
  const said = BOUNDS.filter(([key]) => key in schema).map(([key, words]) => `${words}${schema[key]}`);
  const isWorthSaying = schema.default !== undefined && schema.default !== null && pretty(schema.default) !== "{}";
  return [...said, ...(isWorthSaying ? [`default ${pretty(schema.default)}`] : [])].join(" · ");
}

/** @param {unknown} value */
const pretty = (value) => JSON.stringify(value);

/**
 * @param {string} name
 * @param {any} schema
 * @param {boolean} isRequired
 */
function memberRow(name, schema, isRequired) {
  const inner = schema.properties ? schema : schema.items?.properties ? schema.items : null;
  const head = make(
    "div",
    { class: "member" },
    make("code", { class: "key" }, name),
    make("span", { class: "type" }, ...typeOf(schema)),
    ...(isRequired ? [make("span", { class: "must" }, "required")] : []),
  );
  const bounds = boundsOf(schema);
  const about = schema.description ? [make("p", {}, ...prose(schema.description))] : [];
  const limits = bounds ? [make("p", { class: "bounds" }, bounds)] : [];
  const inside = inner ? [make("details", {}, make("summary", {}, "Its members"), ...shapeOf(inner))] : [];
  return make("li", {}, head, ...about, ...limits, ...inside);
}

/**
 * What has to be there besides, in one case.
 *
 * @param {any} rule
 */
function promise({ if: when, then }) {
  if (!when || !then?.required) return [];
  const cases = Object.entries(when.properties).map(([name, { const: value }]) => `${name} is ${value}`);
  const besides = then.required.flatMap((name, at) => [at ? ", " : "", make("code", {}, name)]);
  return [make("p", { class: "hint" }, `Where ${cases.join(" and ")}, these are there too: `, ...besides, ".")];
}

/** @param {any} schema */
function conditions({ if: when, then, else: otherwise }) {
  const [[name, { const: value }]] = Object.entries(when.properties);
  return [
    make("p", { class: "hint" }, "Without a name:"),
    ...shapeOf(otherwise),
    make("p", { class: "hint" }, `Where its ${name} is `, make("code", {}, value), ":"),
    ...shapeOf(then),
  ];
}
