// Bodies of requests as JSON, with exact numbers.
import { stringify } from 'lossless-json';
import { isThenable } from '../../core/functions.js';

/** The end of a sentence about a value that {@link jsonText} takes. */
export const jsonRule = 'a JSON value whose numbers are safe integers; write amounts as text or bigint';

/** Returns the value as JSON text; undefined if it is none, or has a number that a float may have changed. */
export function jsonText(value: unknown): string | undefined {
  if (isThenable(value)) return undefined;
  try {
    return stringify(value, exactOnly);
  } catch {
    // A cycle, or a part that is refused below.
    return undefined;
  }
}

function exactOnly(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError('not an exact number');
  if (isThenable(value)) throw new TypeError('a promise is no JSON');
  return value;
}
