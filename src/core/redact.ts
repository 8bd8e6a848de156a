/**
 * A copy of an error that is safe to keep as a cause: name, code and stack frames, but no message and no fields, because
 * those may hold URLs, headers, tokens, bodies or balances.
 */
export function redactedCause(error: unknown): Error {
  // By shape, not by instanceof: errors of another realm, such as those of code under jest, are none here.
  const source = typeof error === 'object' && error !== null ? (error as NodeJS.ErrnoException) : undefined;
  const cause = new Error('(message withheld: it may contain secrets)');
  cause.name = identifier(source?.name) ?? 'Error';
  const code = identifier(source?.code);
  const frames = typeof source?.stack === 'string' ? (source.stack.match(/^ {4}at .*$/gm) ?? []).join('\n') : '';
  cause.stack = `${cause.name}${code ? ` [${code}]` : ''}: ${cause.message}\n${frames}`;
  return code ? Object.assign(cause, { code }) : cause;
}

function identifier(text: unknown): string | undefined {
  return typeof text === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text) ? text : undefined;
}
