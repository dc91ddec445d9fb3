/**
 * The same text as a string of its own. What has been cut out of a request, or glued together from pieces, keeps the whole request in
 * memory for as long as it lives; whatever is remembered for long is therefore copied first.
 */
export function detached(text: string): string {
  const copy = Buffer.from(text).toString()
  // Lone surrogates do not survive UTF-8.
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le')
}
