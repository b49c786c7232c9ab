/** The form that makes a call: its fields, the same as a command, and what came back. */

import { quote } from "./curl.js";
import { Answer } from "./docs-answer.js";
import { pretty } from "./docs-words.js";
import { make, say } from "./dom.js";
import { root } from "./service.js";

const EVENT_STREAM = "text/event-stream";

/** @typedef {import("./docs-call.js").Call} Call */

/** Owns the form beside one call. */
export class Trial {
  #call;
  #byId;
  /** @type {{parameter: any, field: any, isEmpty: HTMLInputElement | null}[]} */
  #fields;
  #body;
  #accept;
  #send = make("button", { class: "send", type: "submit" }, "Send");
  #stop = make("button", { class: "quiet", type: "button", hidden: true }, "Stop");
  #command = make("pre", { class: "command", tabindex: "0", role: "group", "aria-label": "The same with curl" });
  #copy = make("button", { class: "quiet", type: "button" }, "Copy curl");
  #answer = new Answer();
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {Call} call
   * @param {Map<string, Call>} byId
   * @param {any} components
   */
  constructor(call, byId, components) {
    this.#call = call;
    this.#byId = byId;
    this.#fields = (call.parameters ?? []).map((parameter) => fieldOf(call.operationId, parameter));
    const [example] = Object.values(call.requestBody?.content ?? {});
    this.#body = example ? make("textarea", { id: `${call.operationId}-body`, rows: "11", spellcheck: "false" }) : null;
    const types = [...new Set(Object.entries(call.responses).flatMap(([status, { content = {} }]) => (status < "300" ? Object.keys(content) : [])))];
    const isChoice = types.length > 1 && types.includes(EVENT_STREAM);
    this.#accept = isChoice ? select(`${call.operationId}-accept`, types) : null;
    const form = make("form", { autocomplete: "off", novalidate: true }, ...this.#rows(example), make("div", { class: "actions" }, this.#send, this.#stop, this.#copy));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
    form.addEventListener("input", () => this.#showCommand());
    this.#stop.addEventListener("click", () => this.#running?.abort());
    this.#copy.addEventListener("click", () => void this.#copyCommand());
    this.element = make("div", { class: "try", role: "group", "aria-label": `Try: ${call.summary}` }, make("h4", { class: "label" }, "Try it"), form, this.#command, this.#answer.element);
    this.#showCommand();
  }

  /**
   * Put values into the fields of these names, and go there.
   *
   * @param {Record<string, string>} values
   */
  take(values) {
    for (const { parameter, field } of this.#fields) {
      if (parameter.name in values) field.value = values[parameter.name];
    }
    this.#showCommand();
    document.getElementById(this.#call.operationId)?.scrollIntoView();
    this.#send.focus({ preventScroll: true });
    if (this.#call.method === "get") void this.send();
  }

  /** Make the call, and show what comes back as it comes. */
  async send() {
    this.#running?.abort();
    const missing = this.#fields.find(({ parameter, field }) => parameter.required && !field.value);
    if (missing) {
      missing.field.focus();
      this.#answer.refuse(`'${missing.parameter.name}' is needed.`);
      return;
    }
    const running = new AbortController();
    this.#running = running;
    this.#stop.hidden = false;
    const { url, method, headers, body } = this.#request();
    try {
      await this.#answer.take(() => fetch(url, { method, headers, body, cache: "no-store", signal: running.signal }), (status, json) => this.#linksOf(status, json));
    } finally {
      if (this.#running === running) {
        this.#running = null;
        this.#stop.hidden = true;
      }
    }
  }

  #request() {
    const { method, path } = this.#call;
    const query = new URLSearchParams();
    /** @type {Record<string, string>} */
    const headers = {};
    let filled = path;
    for (const { parameter, field, isEmpty } of this.#fields) {
      const { value } = field;
      if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, value ? encodeURIComponent(value) : `{${parameter.name}}`);
      else if (!value && !isEmpty?.checked) continue;
      else if (parameter.in === "header") headers[parameter.name] = value;
      else for (const one of parameter.schema.type === "array" ? value.split(/[\s,]+/) : [value]) query.append(parameter.name, one);
    }
    if (this.#accept) headers.Accept = this.#accept.value;
    if (this.#body) headers["Content-Type"] = "application/json";
    const asked = query.size ? `?${query}` : "";
    return { url: `${root}${filled}${asked}`, method: method.toUpperCase(), headers, body: this.#body?.value };
  }

  #showCommand() {
    const { url, method, headers, body } = this.#request();
    const isSaid = method === "GET" || body !== undefined; // to curl, a body is a POST
    const parts = [
      `curl -sS${this.#streams() ? "N" : ""}${isSaid ? "" : ` -X ${method}`} ${quote(url)}`,
      ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
      ...(body === undefined ? [] : [`--data-raw ${quote(body)}`]),
    ];
    say(this.#command, parts.join(" \\\n  "));
  }

  #streams() {
    const content = this.#call.responses["200"]?.content ?? {};
    return this.#accept ? this.#accept.value === EVENT_STREAM : EVENT_STREAM in content;
  }

  async #copyCommand() {
    try {
      await navigator.clipboard.writeText(this.#command.textContent ?? "");
      say(this.#copy, "Copied");
    } catch {
      getSelection()?.selectAllChildren(this.#command); // the browser does not allow it: then by hand
      say(this.#copy, "Selected");
    }
    setTimeout(() => say(this.#copy, "Copy curl"), 1_500);
  }

  /**
   * What can be asked next, with what has just come: the description's own links.
   *
   * @param {number} status
   * @param {any} json
   */
  #linksOf(status, json) {
    const links = Object.values(this.#call.responses[status]?.links ?? {});
    return links.map(({ operationId, parameters }) => {
      const next = /** @type {Call} */ (this.#byId.get(operationId));
      const values = Object.fromEntries(Object.entries(parameters).map(([name, at]) => [name, valueAt(json, at)]));
      const button = make("button", { class: "next", type: "button" }, `${next.summary} →`);
      button.addEventListener("click", () => next.trial?.take(values));
      return button;
    });
  }

  /** @param {any} example */
  #rows(example) {
    const rows = this.#fields.map(({ parameter, field, isEmpty }) => {
      const label = make("label", { for: field.id }, make("code", {}, parameter.name), parameter.required ? " *" : "");
      return make("div", { class: "row" }, label, field, ...(isEmpty ? [make("label", { class: "tick" }, isEmpty, " without a value")] : []));
    });
    if (this.#accept) rows.push(make("div", { class: "row" }, make("label", { for: this.#accept.id }, make("code", {}, "Accept")), this.#accept));
    if (this.#body) rows.push(...this.#bodyRows(example));
    return rows;
  }

  /** @param {any} media */
  #bodyRows({ examples = {} }) {
    const body = /** @type {HTMLTextAreaElement} */ (this.#body);
    const names = Object.keys(examples);
    const choice = select(`${this.#call.operationId}-example`, names, (name) => examples[name].summary ?? name);
    const put = () => {
      body.value = choice.value ? pretty(examples[choice.value].value) : "{}";
      this.#showCommand();
    };
    choice.addEventListener("change", put);
    put();
    const label = (field, text) => make("label", { for: field.id }, text);
    const choices = names.length ? [make("div", { class: "row" }, label(choice, "Example"), choice)] : [];
    return [...choices, make("div", { class: "row tall" }, label(body, "Body"), body)];
  }
}

/**
 * @param {string} call
 * @param {any} parameter
 */
function fieldOf(call, parameter) {
  const { name, in: place, schema, example, examples, allowEmptyValue } = parameter;
  const id = `${call}-${place}-${name}`;
  const choices = schema.enum;
  const hint = example ?? Object.values(examples ?? {})[0]?.value ?? schema.default ?? (schema.items?.enum ?? []).join(", ");
  const field = choices
    ? select(id, ["", ...choices])
    : make("input", { id, type: "text", inputmode: schema.type === "integer" ? "numeric" : null, spellcheck: "false", placeholder: hint });
  const isEmpty = allowEmptyValue ? make("input", { type: "checkbox" }) : null;
  return { parameter, field, isEmpty };
}

/**
 * @param {string} id
 * @param {string[]} values
 * @param {(value: string) => string} [wordsOf]
 */
function select(id, values, wordsOf = (value) => value || "—") {
  return make("select", { id }, ...values.map((value) => make("option", { value }, wordsOf(value))));
}

/**
 * Evaluate a runtime expression of the description: `$response.body#/…`.
 *
 * @param {any} json
 * @param {string} expression
 */
function valueAt(json, expression) {
  const [, pointer] = expression.split("#/");
  return pointer.split("/").reduce((value, key) => value?.[key], json) ?? "";
}
