import { InvalidReferenceError } from './errors.js';

/** The caller's unique id of a payout. @throws {@link InvalidReferenceError} */
export function parseReference(input: unknown): string {
  if (typeof input !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(input)) throw new InvalidReferenceError();
  return input;
}
