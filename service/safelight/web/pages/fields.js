/** Form fields from a JSON Schema. A field left blank is left out, so the provider's own default holds. */

import { make, sayOrHide } from "./dom.js";

const NARROW = 14; // letters of a choice that half the form has room for

/**
 * @typedef {object} Field
 * @property {string} path Such as `params.width`.
 * @property {HTMLElement} node
 * @property {() => unknown} read undefined where it is blank; throws a `SyntaxError` where it makes no sense.
 * @property {(value: unknown) => void} fill
 * @property {(fault: string | null) => void} fault
 */

/**
 * Make a field for each property of an object's schema.
 *
 * @param {Record<string, any>} schema
 * @param {string} prefix
 * @returns {Field[]}
 */
export function fieldsOf(schema, prefix) {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => {
    const isRequired = schema.required?.includes(name) ?? false;
    return makeField(name, property, `${prefix}.${name}`, isRequired);
  });
}

/**
 * @param {string} name
 * @param {Record<string, any>} schema
 * @param {string} path
 * @param {boolean} isRequired
 * @returns {Field}
 */
function makeField(name, schema, path, isRequired) {
  const id = `field-${path.replaceAll(".", "-")}`;
  const control = makeControl(schema, { id, name: path, required: isRequired, "aria-describedby": `${id}-hint ${id}-fault` });
  const hint = make("p", { class: "hint", id: `${id}-hint` }, hintOf(schema));
  const fault = make("p", { class: "fault", id: `${id}-fault`, hidden: true });
  const label = make("label", { for: id }, titleOf(name));
  const node = make("div", { class: `field ${control.kind}` }, label, control.element, hint, fault);
  const showFault = (/** @type {string | null} */ words) => {
    sayOrHide(fault, words);
    if (words) control.element.setAttribute("aria-invalid", "true");
    else control.element.removeAttribute("aria-invalid");
  };
  control.element.addEventListener("input", () => showFault(null));
  return { path, node, read: control.read, fill: control.fill, fault: showFault };
}

/**
 * @param {Record<string, any>} schema
 * @param {Record<string, unknown>} facts
 */
function makeControl(schema, facts) {
  const kinds = [schema.type].flat().filter((kind) => kind !== "null");
  const kind = kinds.length === 1 ? kinds[0] : undefined;
  if (schema.enum) return choice(schema.enum.filter((/** @type {unknown} */ value) => value !== null), schema, facts);
  if (kind === "boolean") return choice([true, false], schema, facts);
  if (kind === "integer" || kind === "number") return number(schema, facts, kind);
  if (kind === "string") return text(schema, facts);
  return json(schema, facts);
}

/**
 * @param {unknown[]} values
 * @param {Record<string, any>} schema
 * @param {Record<string, unknown>} facts
 */
function choice(values, schema, facts) {
  const options = values.map((value, at) => make("option", { value: at }, wordOf(value)));
  const blank = make("option", { value: "" }, isSaid(schema.default) ? `${wordOf(schema.default)} (default)` : "—");
  const others = options.filter((_, at) => values[at] !== schema.default);
  const element = make("select", facts, blank, ...others);
  return {
    kind: [blank, ...others].some(({ text }) => text.length > NARROW) ? "choice wide" : "choice",
    element,
    read: () => (element.value === "" ? undefined : values[Number(element.value)]),
    fill: (/** @type {unknown} */ value) => {
      const at = values.indexOf(value);
      element.value = at < 0 || value === schema.default ? "" : String(at);
    },
  };
}

/**
 * @param {Record<string, any>} schema
 * @param {Record<string, unknown>} facts
 * @param {string} kind
 */
function number(schema, facts, kind) {
  const isWhole = kind === "integer";
  const bounds = { min: schema.minimum, max: schema.maximum, step: schema.multipleOf ?? (isWhole ? 1 : "any") };
  const element = make("input", {
    ...facts,
    ...bounds,
    type: "number",
    inputmode: isWhole ? "numeric" : "decimal",
    placeholder: isSaid(schema.default) ? schema.default : null,
  });
  return {
    kind: "number",
    element,
    read: () => {
      if (element.validity.badInput) throw new SyntaxError("This is no number.");
      return element.value === "" ? undefined : Number(element.value);
    },
    fill: (/** @type {unknown} */ value) => (element.value = value === undefined || value === null ? "" : String(value)),
  };
}

/**
 * @param {Record<string, any>} schema
 * @param {Record<string, unknown>} facts
 */
function text(schema, facts) {
  const isLong = (schema.maxLength ?? 0) > 300;
  const element = make(isLong ? "textarea" : "input", {
    ...facts,
    ...(isLong ? { rows: 2 } : { type: "text" }),
    maxlength: schema.maxLength,
    placeholder: isSaid(schema.default) ? schema.default : null,
  });
  return {
    kind: isLong ? "long" : "text",
    element,
    read: () => element.value || undefined,
    fill: (/** @type {unknown} */ value) => (element.value = typeof value === "string" ? value : ""),
  };
}

/**
 * What has no control of its own is written as JSON.
 *
 * @param {Record<string, any>} schema
 * @param {Record<string, unknown>} facts
 */
function json(schema, facts) {
  const element = make("textarea", { ...facts, rows: 2, spellcheck: "false", placeholder: JSON.stringify(schema.default ?? null) });
  return {
    kind: "json",
    element,
    read: () => {
      if (element.value.trim() === "") return undefined;
      try {
        return JSON.parse(element.value);
      } catch {
        throw new SyntaxError("This is no JSON.");
      }
    },
    fill: (/** @type {unknown} */ value) => (element.value = value === undefined ? "" : JSON.stringify(value)),
  };
}

/** @param {Record<string, any>} schema */
function hintOf({ description = "", minimum, maximum }) {
  const bounds = [minimum !== undefined && `from ${minimum}`, maximum !== undefined && maximum < 2 ** 53 - 1 && `to ${maximum}`];
  const range = bounds.filter(Boolean).join(" ");
  return range ? `${description} ${range[0].toUpperCase()}${range.slice(1)}.`.trim() : description;
}

/** @param {string} name */
function titleOf(name) {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {unknown} value */
const wordOf = (value) => (value === true ? "yes" : value === false ? "no" : String(value));

/** @param {unknown} value */
const isSaid = (value) => value !== undefined && value !== null && value !== "";
