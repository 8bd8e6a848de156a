// Captures the process warnings of a history, so that they do not appear on the console.

/** Collects process warnings until the returned function is called. */
export function collectWarnings(onWarning: (code: string, message: string) => void): () => void {
  const { emitWarning } = process;
  process.emitWarning = ((message: string, { code }: { code: string }) =>
    onWarning(code, message)) as typeof process.emitWarning;
  return () => {
    process.emitWarning = emitWarning;
  };
}
