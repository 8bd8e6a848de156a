// An alert as an entry of a history. Pure.
import type { HistoryEntry } from '../history/index.js';
import type { Alert } from './alert.js';
import type { Undelivered } from './delivery.js';
import type { Runway } from './runway.js';

/** Returns the entry of a delivered alert, or of one that was given up on some channel. */
export function alertEntry(alert: Alert, undelivered: readonly Undelivered[]): HistoryEntry {
  const { wallet, at, ...rest } = alert;
  const { runway, ...facts } = { runway: undefined, ...rest };
  const undeliveredBy = undelivered.map(({ channel }) => channel).join(' ');
  return {
    kind: 'alert',
    at: new Date(at),
    wallet,
    ...('reference' in alert && { reference: alert.reference }),
    ...amountOf(alert),
    data: { ...facts, ...(runway as Runway | undefined), ...(undeliveredBy && { undeliveredBy }) },
  };
}

function amountOf(alert: Alert): Pick<HistoryEntry, 'amount'> {
  if ('spendable' in alert) return { amount: alert.spendable };
  if ('available' in alert) return { amount: alert.available };
  return 'amount' in alert ? { amount: alert.amount } : {};
}
