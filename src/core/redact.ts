/**
 * A copy of an error that is safe to keep as a cause: name, code and stack frames, but no message and no fields,
 * because those may hold URLs, headers, tokens, bodies or balances.
 */
export function redactedCause(error: unknown): Error {
  // By shape, not by instanceof: errors of another realm, such as those of code under jest, are none here.
  const source = typeof error === 'object' && error !== null ? (error as NodeJS.ErrnoException) : undefined;
  const cause = new Error('(message withheld: it may contain secrets)');
  cause.name = identifier(source?.name) ?? 'Error';
  const code = codeText(source?.code);
  cause.stack = `${cause.name}${code ? ` [${code}]` : ''}: ${cause.message}${framesOf(source)}`;
  return code ? Object.assign(cause, { code }) : cause;
}

// Only what stands behind the message: a message may have lines that look like frames.
function framesOf(source: Partial<Error> | undefined): string {
  const { stack, message } = source ?? {};
  if (typeof stack !== 'string' || typeof message !== 'string') return '';
  const endOfMessage = stack.lastIndexOf(message) + message.length;
  const frames = stack.includes(message) ? stack.slice(endOfMessage).match(/^ {4}at .*$/gm) : undefined;
  return frames ? `\n${frames.join('\n')}` : '';
}

/** The code of a database is five digits and letters. */
function codeText(text: unknown): string | undefined {
  return identifier(text) ?? (typeof text === 'string' && /^[0-9A-Z]{5}$/.test(text) ? text : undefined);
}

function identifier(text: unknown): string | undefined {
  return typeof text === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text) ? text : undefined;
}
