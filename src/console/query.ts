// Values of a query string, checked.
import { RequestError } from './exchange.js';

const longestText = 512;

/** Undefined when it is absent or empty, as a form sends what was left blank. */
export function textIn(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name) ?? '';
  if (text.length > longestText) throw invalid(name, `must be at most ${longestText} characters`);
  return text === '' ? undefined : text;
}

export function oneOf<T extends string>(query: URLSearchParams, name: string, values: readonly T[]): T | undefined {
  const text = textIn(query, name);
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found === undefined) throw invalid(name, `must be one of ${values.join(', ')}`);
  return found;
}

export function numberIn(query: URLSearchParams, name: string, most: number): number | undefined {
  const text = textIn(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= most)) throw invalid(name, `must be a whole number of at most ${most}`);
  return value;
}

export function dateIn(query: URLSearchParams, name: string): Date | undefined {
  const text = textIn(query, name);
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw invalid(name, 'must be a time in ISO 8601');
  return date;
}

function invalid(name: string, rule: string): RequestError {
  return new RequestError(400, 'invalid_query', `${name} ${rule}.`);
}
