/** The form: a prompt, a provider, and whatever that provider takes. */

import { make, say, sayOrHide, the } from "./dom.js";
import { fieldsOf } from "./fields.js";
import { generate } from "./service.js";
import { abilitiesOf } from "./words.js";

const STARTERS = ["a lighthouse at dusk", "watercolour of a fox in the snow", "a robot with sunflowers", "hot-air balloons at dawn"];

/** Owns the form; hands each generation that was begun to the roll. */
export class Ask {
  #roll;
  /** @type {any[]} */
  #providers = [];
  /** @type {import("./fields.js").Field[]} */
  #fields = [];
  #isSending = false;

  /** @param {import("./roll.js").Roll} roll */
  constructor(roll) {
    this.#roll = roll;
    the("ask").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#send();
    });
    the("prompt").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      the("ask").requestSubmit();
    });
    the("prompt").addEventListener("input", () => this.#fault("prompt", null));
    the("provider").addEventListener("change", () => this.#choose({}));
    the("clear").addEventListener("click", () => this.#choose({}));
    the("settings").open = matchMedia("(width >= 1120px)").matches;
    the("starters").append(...STARTERS.map((words) => this.#starter(words)));
  }

  /** @param {any[]} providers As the service lists them. */
  offer(providers) {
    this.#providers = providers;
    const options = providers.map(({ providerId, available }) => make("option", { value: providerId, disabled: !available }, providerId));
    the("provider").replaceChildren(...options);
    const standard = providers.find((provider) => provider.default && provider.available) ?? providers.find(({ available }) => available);
    if (standard) the("provider").value = standard.providerId;
    this.#choose({});
  }

  /**
   * Fill the form with what was asked for before.
   *
   * @param {Record<string, any>} body
   */
  fill(body) {
    the("prompt").value = body.prompt ?? "";
    if (this.#providers.some(({ providerId }) => providerId === body.providerId)) the("provider").value = body.providerId;
    this.#choose(body);
    if (Object.keys({ ...body.params, ...body.options }).length > 0) the("settings").open = true;
    the("prompt").focus();
  }

  /**
   * Whether a provider can hold a generation still.
   *
   * @param {string | undefined} name
   */
  canPause(name) {
    return this.#providers.find(({ providerId }) => providerId === name)?.capabilities?.pause ?? true; // the service knows better
  }

  /** @param {string} words */
  #starter(words) {
    const button = make("button", { type: "button", class: "starter" }, words);
    button.addEventListener("click", () => {
      the("prompt").value = words;
      the("ask").requestSubmit();
    });
    return button;
  }

  /**
   * Show what the chosen provider takes, filled with these.
   *
   * @param {Record<string, any>} body
   */
  #choose(body) {
    const provider = this.#providers.find(({ providerId }) => providerId === the("provider").value);
    const groups = [
      { title: "Picture", fields: fieldsOf(provider?.params, "params"), values: body.params },
      { title: `Only for ${provider?.providerId}`, fields: fieldsOf(provider?.options, "options"), values: body.options },
    ];
    this.#fields = groups.flatMap(({ fields }) => fields);
    for (const { fields, values } of groups) for (const field of fields) field.fill(values?.[nameIn(field)]);
    const filled = groups.filter(({ fields }) => fields.length > 0);
    the("fields").replaceChildren(
      ...filled.map(({ title, fields }) => make("fieldset", {}, make("legend", {}, title), ...fields.map(({ node }) => node))),
    );
    say(the("able"), provider ? abilitiesOf(provider) : "");
    the("count-hint").hidden = !provider?.params?.properties?.count;
    sayOrHide(the("ask-fault"), null);
  }

  async #send() {
    const body = this.#read();
    if (!body || this.#isSending) return;
    this.#isSending = true;
    the("develop").setAttribute("aria-busy", "true");
    sayOrHide(the("ask-fault"), null);
    const exposures = Math.min(Math.max(Math.round(Number(the("exposures").value)) || 1, 1), 12);
    try {
      for (let n = 0; n < exposures; n += 1) {
        const one = n === 0 || body.params?.seed === undefined ? body : { ...body, params: { ...body.params, seed: body.params.seed + n } };
        const { sessionId } = await generate(one);
        const print = this.#roll.begin(sessionId, one);
        if (n === 0) this.#watch(print);
      }
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#isSending = false;
      the("develop").removeAttribute("aria-busy");
    }
  }

  /**
   * Put the first of what was begun in the tray, and the tray before the eyes: in a pocket it is below the form.
   *
   * @param {import("./roll.js").Print} print
   */
  #watch(print) {
    this.#roll.select(print);
    const { top } = the("bath").getBoundingClientRect();
    if (top >= 0 && top < innerHeight / 2) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    the("bath").focus({ preventScroll: true }); // the keyboard of a phone would cover it
    the("bath").scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
  }

  /** Return the request, or null after saying what is wrong. */
  #read() {
    const prompt = the("prompt").value.trim();
    if (!prompt) {
      this.#fault("prompt", "Say what the picture shows.");
      the("prompt").focus();
      return null;
    }
    /** @type {Record<string, any>} */
    const body = { prompt, providerId: the("provider").value, params: {}, options: {} };
    for (const field of this.#fields) {
      try {
        const value = field.read();
        if (value !== undefined) body[field.path.split(".")[0]][nameIn(field)] = value;
      } catch (error) {
        this.#fault(field.path, error.message);
        this.#show(field.path);
        return null;
      }
    }
    for (const group of ["params", "options"]) if (Object.keys(body[group]).length === 0) delete body[group];
    return body;
  }

  /** @param {import("../safelight.js").SafelightError} error */
  #refused(error) {
    const faults = error.problem?.faults ?? [];
    const homeless = faults.filter(({ path, message }) => !this.#fault(path, sentence(message)));
    if (faults.length > 0) this.#show(faults.find((fault) => !homeless.includes(fault))?.path);
    const words = faults.length === 0 ? error.message : homeless.map(({ path, message }) => `${path}: ${message}`).join(" ");
    sayOrHide(the("ask-fault"), error.code === "unreachable" ? "The service does not answer just now. Your words are still here." : words);
  }

  /**
   * Say what is wrong where it is wrong.
   *
   * @param {string} path
   * @param {string | null} words
   * @returns {boolean} Whether there is such a place.
   */
  #fault(path, words) {
    if (path === "prompt") {
      sayOrHide(the("prompt-fault"), words);
      if (words) the("prompt").setAttribute("aria-invalid", "true");
      else the("prompt").removeAttribute("aria-invalid");
      return true;
    }
    const field = this.#fields.find((one) => path === one.path || path.startsWith(`${one.path}.`) || path.startsWith(`${one.path}[`));
    field?.fault(words);
    return field !== undefined;
  }

  /** @param {string | undefined} path */
  #show(path) {
    const field = this.#fields.find((one) => path?.startsWith(one.path));
    if (field) the("settings").open = true;
    const place = path === "prompt" ? the("prompt") : field?.node.querySelector("input, select, textarea");
    place?.focus();
  }
}

/** @param {import("./fields.js").Field} field */
const nameIn = ({ path }) => path.slice(path.indexOf(".") + 1);

/** @param {string} words */
const sentence = (words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
