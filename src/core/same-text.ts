// Comparison of secrets.
import { timingSafeEqual } from 'node:crypto';

/** Compares in a time that depends on the lengths alone. Nothing is the same as an empty text. */
export function isSameText(given: string | undefined, expected: string): boolean {
  if (given === undefined || expected === '') return false;
  const [first, second] = [Buffer.from(given), Buffer.from(expected)];
  return first.length === second.length && timingSafeEqual(first, second);
}
