/** The same calls as commands for a shell. */

/**
 * Quote for a POSIX shell.
 *
 * @param {string} text
 */
export const quote = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * The command that asks for the same again.
 *
 * @param {string} root
 * @param {Record<string, any>} body
 */
export function askAsCurl(root, body) {
  const url = quote(`${root}/v1/generations`);
  return `curl -sS ${url} \\\n  -H 'Content-Type: application/json' \\\n  --data-raw ${quote(JSON.stringify(body))}`;
}

/**
 * The command that watches from the first event on.
 *
 * @param {string} root
 * @param {string} id
 */
export function watchAsCurl(root, id) {
  return `curl -sSN ${quote(`${root}/v1/generations/${id}/events?from=start`)}`;
}
