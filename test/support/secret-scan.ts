// Searches a value, as a logger would print it, for a secret in any encoding.
import { inspect } from 'node:util';

/** True if a secret, text or bytes, is part of a text in any encoding. */
export function isSeen(secret: string | Buffer, sight: string): boolean {
  return spellings(secret).some((spelling) => sight.includes(spelling));
}

/** The secret as it is, in hex, as a list of numbers, in base64 at any offset, and URL-encoded. */
function spellings(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret as string);
  const hex = bytes.toString('hex');
  const inBase64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters also carry bits of the adjacent bytes.
    return text.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  // util.inspect shows the first fifty bytes of a Buffer.
  const pairs = (hex.match(/../g) ?? []).slice(0, 50).join(' ');
  const url = inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const texts = typeof secret === 'string' ? [secret, encodeURIComponent(secret)] : [bytes.toString('latin1')];
  return [...texts, hex, hex.toUpperCase(), pairs, bytes.join(','), bytes.join(', '), ...inBase64, ...url];
}

/** Everything that a logger could print of a value. */
export function everySight(value: unknown, depth = 0): string {
  const texts = [
    inspect(value, { depth: 9, showHidden: true, getters: false }),
    String(value),
    `${JSON.stringify(value)}`,
  ];
  if (typeof value === 'object' && value !== null && depth < 9) {
    for (const key of Reflect.ownKeys(value)) {
      const own = (value as Record<PropertyKey, unknown>)[key];
      texts.push(String(key), typeof own === 'object' ? everySight(own, depth + 1) : String(own));
    }
    if (value instanceof Error) texts.push(value.message, `${value.stack}`, everySight(value.cause, depth + 1));
  }
  return texts.join('\n');
}
