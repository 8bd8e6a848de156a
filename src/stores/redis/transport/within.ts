// Bounded waiting for a client that may never answer.

/**
 * Resolves or rejects as `work` does, or as `otherwise` if that takes longer. The work itself continues, and what
 * becomes of it is ignored then.
 */
export async function within<T>(ms: number, work: Promise<T>, otherwise: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    // A turn later: answers that arrived while this process was busy itself are read first.
    timer = setTimeout(() => setImmediate(resolve), ms).unref();
  });
  try {
    return await Promise.race([work, late.then(otherwise)]);
  } finally {
    clearTimeout(timer);
  }
}
