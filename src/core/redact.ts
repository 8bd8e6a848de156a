/**
 * A copy of an error that is safe to keep as a cause: name, code and stack frames, but no message and no fields, because
 * those may hold URLs, headers, tokens, bodies or balances.
 */
export function redactedCause(error: unknown): Error {
  const source = error instanceof Error ? error : undefined;
  const cause = new Error('(message withheld: it may contain secrets)');
  cause.name = identifier(source?.name) ?? 'Error';
  const code = identifier((source as NodeJS.ErrnoException | undefined)?.code);
  const frames = source?.stack?.match(/^ {4}at .*$/gm)?.join('\n') ?? '';
  cause.stack = `${cause.name}${code ? ` [${code}]` : ''}: ${cause.message}\n${frames}`;
  return code ? Object.assign(cause, { code }) : cause;
}

function identifier(text: unknown): string | undefined {
  return typeof text === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text) ? text : undefined;
}
