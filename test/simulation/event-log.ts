// The events of a history: the last ones for readers, a hash of all of them, and the count of each kind.

/** Every kind of event. A run without one of them proves nothing about it, so a test requires all of them. */
export const kinds = [
  'request',
  'duplicate request',
  'request of another amount',
  'request of another payee',
  'request of another wallet',
  'request of an unknown wallet',
  'payroll requested',
  'payroll held',
  'payroll left out',
  'payroll refused',
  'short-lived sum of a payroll',
  'request of an impostor',
  'impostor refused',
  'client left',
  'look',
  'approved',
  'refused',
  'refused for now',
  'unavailable',
  'taken reference refused',
  'payout in progress',
  'conflict refused',
  'misuse refused',
  'foreign wallet refused',
  'frozen wallet refused',
  'limit reached',
  'above a limit alone',
  'limits unknown',
  'limits accepted',
  'midnight',
  'held over midnight',
  'frozen',
  'unfrozen',
  'sent too late',
  'changed its mind',
  'extended',
  'resumed',
  'paid twice by mistake',
  'released by mistake',
  'not awaited',
  'forgot to mark as sent',
  'nested payout',
  'code after the payment failed',
  'held again',
  'expired',
  'stale epoch',
  'store request lost',
  'store answer lost',
  'store request late',
  'store request doubled',
  'store was silent for a while',
  'balance lost',
  'balance of the past',
  'balance too old',
  'lookup lost',
  'lookup found nothing',
  'lookup found several',
  'payout never connected',
  'payout request lost',
  'payout request late',
  'payout answer lost',
  'payout request repeated',
  'payout sent again after a failure',
  'payout refused',
  'payout is known already',
  'payout accepted',
  'payout completed',
  'payout failed',
  'refunded',
  'debited less',
  'captured by its sender',
  'captured by another process',
  'captured late',
  'captured at acceptance',
  'captured by reconciliation',
  'released by its sender',
  'released by another process',
  'released by reconciliation',
  'failed after capture',
  'unsettled',
  'overdue',
  'never seen',
  'orphan reported',
  'contradiction',
  'warned',
  'webhook',
  'webhook lost',
  'answered by the handler',
  'answered by another layer',
  'answered by the guard',
  'client left the route',
  'duplicate answered by the application',
  'crash',
  'closed',
  'left open',
  'ended after close',
  'started',
  'clock moved',
  'top-up',
  'store lost its data',
  'left unknown',
  'released by an operator',
  'approved in the end',
  'refused in the end',
] as const;

/** Kinds that occur with shared stores only. */
export const engineKinds = [
  'store lost open holds',
  'store lost reservations',
  'store lost late captures',
  'restored',
  'clock of the store set back',
  'clock of the store set forward',
] as const;

export type Kind = (typeof kinds)[number] | (typeof engineKinds)[number];

/** The count of each kind of event. */
export type Coverage = Map<Kind, number>;

const shownEvents = 60;

// A global lookup at each character would dominate the time, because jest runs tests in their own context.
const { imul } = Math;

export class EventLog {
  readonly coverage: Coverage = new Map();
  readonly #elapsedMs: () => number;
  readonly #last: string[] = [];
  #hash = 0x811c9dc5;

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  /** Adds an event that is counted. */
  count(kind: Kind, detail = ''): void {
    this.coverage.set(kind, (this.coverage.get(kind) ?? 0) + 1);
    this.trace(detail === '' ? kind : `${kind}: ${detail}`);
  }

  /** Adds an event that only helps to understand a failure. */
  trace(event: string): void {
    // The reference of the sum of a payroll is random.
    const shown = event.includes('batch of ') ? event.replace(/(batch of \d+ payouts) [\da-f-]{36}/g, '$1') : event;
    const line = `${this.#elapsedMs()} ms  ${shown}`;
    for (let index = 0; index < line.length; index++) {
      this.#hash = imul(this.#hash ^ line.charCodeAt(index), 0x01000193);
    }
    this.#last.push(line);
    if (this.#last.length > shownEvents) this.#last.shift();
  }

  get lastEvents(): readonly string[] {
    return this.#last;
  }

  /** The same for two histories with the same events at the same times (FNV-1a). */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}

export function addCoverage(total: Coverage, more: Coverage): void {
  for (const [kind, count] of more) total.set(kind, (total.get(kind) ?? 0) + count);
}
