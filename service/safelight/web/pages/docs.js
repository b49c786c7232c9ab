/** The page at `/docs`: the service's own description, laid out for people. */

import { sectionOf } from "./docs-call.js";
import { schemaSection } from "./docs-schema.js";
import { prose } from "./docs-words.js";
import { make, say, sayOrHide, the } from "./dom.js";
import { root } from "./service.js";

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/**
 * Return every call with its method and path, by its tag, in the document's order.
 *
 * @param {any} document_
 */
function callsByTag(document_) {
  const tags = new Map(document_.tags.map(({ name }) => [name, []]));
  for (const [path, item] of Object.entries(document_.paths)) {
    for (const [method, call] of Object.entries(item)) {
      if (METHODS.has(method)) tags.get(call.tags[0]).push({ method, path, ...call });
    }
  }
  return tags;
}

/** @param {{method: string, operationId: string, summary: string}} call */
function entryOf({ method, operationId, summary }) {
  const badge = make("span", { class: "method", "data-method": method }, method);
  return make("li", {}, make("a", { href: `#${operationId}` }, badge, summary));
}

/** @param {any} document_ */
function show(document_) {
  const { info, tags, components } = document_;
  say(the("version"), `API ${info.version}`);
  the("intro").append(...info.description.split("\n\n").map((paragraph) => make("p", {}, ...prose(paragraph))));
  const calls = callsByTag(document_);
  const byId = new Map([...calls.values()].flat().map((call) => [call.operationId, call]));
  for (const { name, description } of tags) {
    the("index").append(make("h2", { class: "label" }, name), make("ul", {}, ...calls.get(name).map(entryOf)));
    const heading = make("h2", { class: "tag" }, name);
    const about = make("p", { class: "about" }, ...prose(description));
    the("operations").append(make("section", {}, heading, about, ...calls.get(name).map((call) => sectionOf(call, byId, components))));
  }
  const names = Object.keys(components.schemas).sort();
  the("index").append(
    make("h2", { class: "label" }, "Schemas"),
    make("ul", { class: "names" }, ...names.map((name) => make("li", {}, make("a", { href: `#schema-${name}` }, name)))),
  );
  the("schemas").append(...names.map((name) => schemaSection(name, components.schemas[name])));
  the("schemas").hidden = false;
}

/** What is asked for by its anchor was not there yet when the browser looked for it. */
function goWhereAsked() {
  the(location.hash.slice(1))?.scrollIntoView();
}

/** The call that is looked at is marked in the index. */
function followInIndex() {
  const entries = new Map([...the("index").querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const mark = () => {
    const first = [...entries.keys()].find((id) => seen.has(id));
    for (const [id, link] of entries) {
      if (id === first) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const observer = new IntersectionObserver(
    (changes) => {
      for (const { isIntersecting, target } of changes) {
        if (isIntersecting) seen.add(target.id);
        else seen.delete(target.id);
      }
      mark();
    },
    { rootMargin: "-80px 0px -55% 0px" },
  );
  for (const id of entries.keys()) observer.observe(the(id));
}

try {
  const answer = await fetch(`${root}/openapi.json`);
  if (!answer.ok) throw new Error(`The description could not be had (HTTP ${answer.status}).`);
  show(await answer.json());
  goWhereAsked();
  followInIndex();
} catch (error) {
  sayOrHide(the("fault"), error.message);
} finally {
  the("calls").setAttribute("aria-busy", "false");
}
