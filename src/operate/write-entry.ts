// Writes an entry that must be in the history before what it is about happens.
import { withDeadline } from '../core/deadline.js';
import { redactedCause } from '../core/redact.js';
import { isStoreFailure } from '../core/store-failure.js';
import type { History, HistoryEntry, SharedHistory } from '../history/index.js';

/** The history did not take the entry of an action, so the action was not done. Its message holds no secret. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';

  constructor(failure: string, cause: unknown) {
    super(
      `The history could not record the action (${failure}), so nothing was done. Check the database of the history, ` +
        'then repeat the action.',
      { cause: redactedCause(cause) },
    );
  }
}

/** Longest wait for the history, in milliseconds: clients of databases often have no limit of their own. */
const withinMs = 10_000;

/** Resolves when the entry is written. @throws {@link NotRecordedError} */
export async function writeEntry(history: History, entry: HistoryEntry): Promise<void> {
  // A shared history queues what it is given with `add`, and may lose it when this process ends.
  const { write } = history as Partial<SharedHistory>;
  const entries = [entry];
  const onTimeout = () => Object.assign(new Error(), { code: 'TIMEOUT' });
  const limits = { timeoutMs: withinMs, outer: new AbortController().signal, onTimeout };
  try {
    await withDeadline(limits, async () => (write ? write.call(history, entries) : history.add(entries)));
  } catch (error) {
    throw new NotRecordedError(failureOf(error), error);
  }
}

function failureOf(error: unknown): string {
  if (isStoreFailure(error)) return error.failure;
  const { code, name } = redactedCause(error) as Error & { code?: string };
  return code ?? name;
}
