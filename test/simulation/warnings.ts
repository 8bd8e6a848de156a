// The process warnings of a history, instead of on the console.

/** Collects process warnings until the answer is called. */
export function collectWarnings(onWarning: (code: string, message: string) => void): () => void {
  const { emitWarning } = process;
  process.emitWarning = ((message: string, { code }: { code: string }) =>
    onWarning(code, message)) as typeof process.emitWarning;
  return () => {
    process.emitWarning = emitWarning;
  };
}
