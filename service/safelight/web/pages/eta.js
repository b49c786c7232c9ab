/** How long it will still take, as the pace so far lets expect: what the command line does, too. */

const ENOUGH_PERCENT = 5;
const ENOUGH_SECONDS = 1;

/** Follows the snapshots of one print. A pace is of one stretch of running: what was held still or tried again begins anew. */
export class Pace {
  /** @type {{at: number, progress: number} | null} */
  #first = null;
  /** @type {{at: number, progress: number} | null} */
  #newest = null;

  /**
   * @param {import("../safelight.js").Snapshot} snapshot
   * @param {number} at When it came, in seconds.
   */
  hear({ phase, progress }, at) {
    if (phase !== "running" || progress === undefined) {
      this.#first = this.#newest = null;
      return;
    }
    if (!this.#first || progress < this.#first.progress) this.#first = { at, progress };
    if (this.#newest?.progress !== progress) this.#newest = { at, progress };
  }

  /**
   * Return the seconds left, null where nobody can know.
   *
   * @param {number} now In seconds.
   * @returns {number | null}
   */
  left(now) {
    if (!this.#first || !this.#newest) return null;
    const [spent, done] = [this.#newest.at - this.#first.at, this.#newest.progress - this.#first.progress];
    if (done < ENOUGH_PERCENT || spent < ENOUGH_SECONDS) return null;
    return Math.max((spent / done) * (100 - this.#newest.progress) - (now - this.#newest.at), 0);
  }
}
