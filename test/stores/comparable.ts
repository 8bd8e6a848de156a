// Answers of stores in a form that can be compared.
/**
 * Epochs are random. Fields that are undefined are not there, nor is the advice of a shared store to young duplicates.
 */
export function comparable(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value) => {
      if (key === 'epoch') return 'an epoch';
      if (key === 'retryAfterMs') return undefined;
      return typeof value === 'bigint' ? `${value}n` : value;
    }) ?? 'null',
  );
}
