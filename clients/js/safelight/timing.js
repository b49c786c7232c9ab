/** How long things may take, in milliseconds: one object, so that a test can make time short. */

export const timing = {
  /** Every stream begins with snapshots. None by now, and something on the way holds them back. */
  first: 5_000,
  /** Three heartbeats: a stream that is silent for longer is opened anew. */
  silence: 45_000,
  /** A page that comes to the front asks anew if it has heard nothing for longer. */
  stale: 20_000,
  /** Before a lost stream is opened again, if the service did not say; it doubles up to the longest. */
  retry: 2_000,
  longestRetry: 30_000,
  /** Between two tries of a stream while polling; it doubles up to the longest. */
  trial: 60_000,
  longestTrial: 900_000,
  /** One long poll; the service answers at once when there is news. */
  poll: 25_000,
  /** What the network may take on top of that. */
  pollSlack: 10_000,
  /** A leading tab that lives has answered by then. */
  answer: 3_000,
  /** While tabs introduce themselves, so that a stream is not opened for each. */
  gathering: 30,
};
