// The messages of alerts, for operators: the event, its values and the next step. Pure.
import type { BalanceUnavailableReason } from '../core/errors.js';
import type { AlertDraft, ContradictionAlert, LeftOpenAlert, LowBalanceAlert } from './alert.js';

/** Returns the message of an alert. */
export function alertText(alert: AlertDraft): string {
  switch (alert.kind) {
    case 'low_balance':
      return lowBalanceText(alert);
    case 'recovered': {
      const { wallet, spendable, threshold, currency } = alert;
      return (
        `Wallet ${wallet} can spend ${spendable} ${currency} again; the threshold is ${threshold} ${currency}. ` +
        'No action needed.'
      );
    }
    case 'low_figure': {
      const { wallet, figure, value, threshold, currency, spendable } = alert;
      return (
        `Wallet ${wallet} has ${value} ${currency} as its ${figure}, which is below ${threshold} ` +
        `${currency}${sinceText(alert)}. It can spend ${spendable} ${currency}. Top it up.`
      );
    }
    case 'figure_recovered': {
      const { wallet, figure, value, threshold, currency } = alert;
      return (
        `Wallet ${wallet} has ${value} ${currency} as its ${figure} again; the threshold is ${threshold} ` +
        `${currency}. No action needed.`
      );
    }
    case 'low_runway': {
      const { wallet, spendable, currency, runway, at, runwayBelowMs } = alert;
      const left = durationText(Date.parse(runway.emptyAt) - Date.parse(at));
      return (
        `Wallet ${wallet} is empty in ${left}, at ${runway.emptyAt}, if it goes on to pay ${runway.perHour} ` +
        `${currency} an hour: it can spend ${spendable} ${currency}. The limit is ` +
        `${durationText(runwayBelowMs)}${sinceText(alert)}. Top it up.`
      );
    }
    case 'runway_recovered': {
      const { wallet, spendable, currency, runway, runwayBelowMs } = alert;
      return (
        `Wallet ${wallet} can spend ${spendable} ${currency}, which lasts until ${runway.emptyAt} at the current ` +
        `rate. The limit is ${durationText(runwayBelowMs)}. No action needed.`
      );
    }
    case 'balance_drop': {
      const { wallet, available, currency, percent, yesterday, yesterdayAt } = alert;
      return (
        `Balance of wallet ${wallet} is ${available} ${currency}, less than ${percent} % of the ${yesterday} ` +
        `${currency} that it was at ${yesterdayAt}. Check that its payouts explain the difference, and top it up.`
      );
    }
    case 'unreachable': {
      const { wallet, reason } = alert;
      return `Balance of wallet ${wallet} unavailable (${reason}), so its payouts are refused. ${remedyFor(reason)}`;
    }
    case 'reachable': {
      const { wallet, reason, since } = alert;
      return (
        `Balance of wallet ${wallet} available again. It was unavailable since ${since} (${reason}). ` +
        'No action needed.'
      );
    }
    case 'overdue_hold': {
      const { outcome, reference } = alert;
      const answer = outcome === 'unknown' ? 'the provider gave none' : `the provider's last answer was "${outcome}"`;
      return (
        `${sentLongAgo(alert)} and has no outcome: ${answer}. Its money stays held. Ask the provider, then call ` +
        `${settleCalls(reference)}.`
      );
    }
    case 'never_seen':
      return (
        `${sentLongAgo(alert)}, and the provider has no record of it. Its money stays held. If your own records ` +
        `show that it was not sent, call ${releaseCall(alert.reference, alert.attempt)}. Otherwise ask the ` +
        'provider first.'
      );
    case 'paid_after_release': {
      const { reference, perhapsTwice } = alert;
      return perhapsTwice
        ? `${payout(alert)} may have been made twice: an attempt was paid after its hold had been released, and a ` +
            'later attempt holds the reference. Check both with the provider. If both were paid, recover one: its ' +
            'debit is not in the store.'
        : `${payout(alert)} was made after its hold had expired or been released. The debit is recorded. Check ` +
            `that ${reference} was paid once, and make payouts within hold.pay() or call hold.sent() before you send.`;
    }
    case 'paid_twice':
      return (
        `${payout(alert)} was made ${alert.times} times under one reference. Each debit is accounted for. Check them ` +
        'with the provider, ask for the surplus money back, and look for code that sends a payout again.'
      );
    case 'contradiction':
      return contradictionText(alert);
    case 'settlement_failed': {
      const { reference, wallet, reason } = alert;
      return (
        `Payout ${reference} of wallet ${wallet} has an outcome that could not be recorded (${reason}) and is not ` +
        `tried again. Its money stays held. Look it up, then call ${settleCalls(reference)}.`
      );
    }
    case 'left_open':
      return leftOpenText(alert);
    case 'orphan_wallet': {
      const { wallet } = alert;
      return (
        `The store has undecided payouts of wallet ${wallet}, and no process serves that wallet. ` +
        'Their money stays held. Start the service that has it, or add it to the `wallets` of a guard.'
      );
    }
    case 'lookup_finds_nothing': {
      const { wallet, inARow } = alert;
      return (
        `The provider had no record of the last ${inARow} payouts of wallet ${wallet} that were looked up. Check ` +
        'that they are sent with the reference of their hold. Until then settle them in your callback.'
      );
    }
    case 'limits_unknown': {
      const { wallet, since, until } = alert;
      return (
        `Daily limits of wallet ${wallet} refuse its payouts until ${until}: the store lost data at ${since}, so it ` +
        'does not know everything that was held before. To pay earlier, compare what the provider paid today, then ' +
        `run \`payout-guard accept-limits ${wallet}\` or call guard.acceptLimits(${JSON.stringify(wallet)}).`
      );
    }
    case 'drift': {
      const { wallet, currency, direction, amount, atMost, from, to, expected, actual } = alert;
      const moved = direction === 'debit' ? 'left' : 'came into';
      const range = atMost === undefined ? amount : `Between ${amount} and ${atMost}`;
      const next =
        direction === 'debit'
          ? 'Compare the statement of the provider; freeze the wallet if you cannot explain it.'
          : 'Report credits to the monitor as they come in.';
      return (
        `${range} ${currency} ${moved} wallet ${wallet} between ${from} and ${to} without a payout or a reported ` +
        `credit: the balance was ${actual}, expected ${expected}. ${next}`
      );
    }
    case 'visibility_lag': {
      const { wallet, lagMs, longerThanMs, atMostMs } = alert;
      return (
        `The balance of wallet ${wallet} showed payout ${alert.reference} only ${longerThanMs} to ${atMostMs} ms ` +
        `after its capture, but visibilityLagMs is ${lagMs}. Payouts may be approved on money that has left: set ` +
        `visibilityLagMs to at least ${atMostMs} in every process.`
      );
    }
    default:
      return alert satisfies never;
  }
}

type WithoutTexts<T> = Omit<T, 'id' | 'message'>;

function lowBalanceText(alert: WithoutTexts<LowBalanceAlert>): string {
  const { wallet, spendable, threshold, currency, runway, cause, held } = alert;
  const empty = runway ? ` At the current rate it is empty at ${runway.emptyAt}.` : '';
  const below =
    `Wallet ${wallet} can spend ${spendable} ${currency}, which is below ${threshold} ` +
    `${currency}${sinceText(alert)}.${empty}`;
  return cause === 'balance'
    ? `${below} Top it up.`
    : `${below} Only held payouts bring it down: ${held} ${currency} are held, and without them it would not be ` +
        'below. Wait until they are settled, and settle those that are overdue. Top it up if all of them will be made.';
}

function sinceText({ since }: { readonly since?: string }): string {
  return since === undefined ? '' : ` (low since ${since})`;
}

interface AboutPayout {
  readonly reference: string;
  readonly wallet: string;
  readonly amount: string;
  readonly currency: string;
}

function payout({ reference, wallet, amount, currency }: AboutPayout): string {
  return `Payout ${reference} of ${amount} ${currency} from wallet ${wallet}`;
}

function sentLongAgo(alert: AboutPayout & { readonly ageMs: number }): string {
  return `${payout(alert)} was sent ${durationText(alert.ageMs)} ago`;
}

function captureCall(reference: string, attempt?: string): string {
  const named = attempt === undefined ? '' : `, undefined, { attempt: ${JSON.stringify(attempt)} }`;
  return `guard.capture(${JSON.stringify(reference)}${named})`;
}

function releaseCall(reference: string, attempt?: string): string {
  const named = attempt === undefined ? '' : `, { attempt: ${JSON.stringify(attempt)} }`;
  return `guard.release(${JSON.stringify(reference)}${named})`;
}

function settleCalls(reference: string, attempt?: string): string {
  return `${captureCall(reference, attempt)} or ${releaseCall(reference, attempt)}`;
}

function contradictionText({ reference, wallet, attempt, wanted, found }: WithoutTexts<ContradictionAlert>): string {
  const made = wanted === 'captured' ? 'was made' : 'was not made';
  const state = found === 'unknown' ? 'has no record of it' : `has it as ${found}`;
  const about =
    `Payout ${reference} of wallet ${wallet} ${made}, but the store ${state} (attempt ${attempt}). ` +
    'Nothing was changed. Check it with the provider.';
  if (wanted === 'released')
    return `${about} If it was not made, expect the balance to be higher than its payouts explain.`;
  return found === 'unknown'
    ? `${about} If it was made, record the debit in your own books: the balance shows it.`
    : `${about} If it was made, call ${captureCall(reference, attempt)}.`;
}

// Each call names the attempt: the reference may be held by a later one, which may have been paid.
const pendingTexts: Readonly<Record<LeftOpenAlert['pending'], (reference: string, attempt: string) => string>> = {
  paying: (reference, attempt) =>
    'its payment had not ended. If no other process looks it up, ask the provider, then call ' +
    `${settleCalls(reference, attempt)}.`,
  captured: (reference, attempt) =>
    `it was made, and the store did not record that. When the store responds, call ${captureCall(reference, attempt)}.`,
  released: (reference, attempt) =>
    'it was not made, and the store did not record that. When the store responds, call ' +
    `${releaseCall(reference, attempt)}.`,
  failed: (reference, attempt) =>
    `it failed, and the store did not record that. When the store responds, call ${releaseCall(reference, attempt)}.`,
};

function leftOpenText({ reference, wallet, attempt, pending }: WithoutTexts<LeftOpenAlert>): string {
  return (
    `A process closed and left payout ${reference} of wallet ${wallet} open: ` +
    `${pendingTexts[pending](reference, attempt)} Its money stays held until then.`
  );
}

const remedies: Readonly<Record<BalanceUnavailableReason, string>> = {
  unauthorized: 'Check the key, secret or token of the provider.',
  forbidden: 'Check the account, its products and the IP allow-list at the provider.',
  timeout: 'Check the network and the status of the provider.',
  network: 'Check the network and the status of the provider.',
  provider_error: 'Check the status of the provider.',
  rate_limited: 'Ask the provider for a higher limit, or raise cache.maxAgeMs.',
  malformed: "Compare the provider's answer with its documentation; the adapter may need an update.",
  circuit_open: 'It failed repeatedly. Check the network and the status of the provider.',
  store: 'Check the database of the holds and the connection to it.',
  stale: 'The balance is too old. Check the clock of this machine and the status of the provider.',
  closed: 'Restart the process that watches it.',
};

function remedyFor(reason: string): string {
  return reason in remedies
    ? remedies[reason as BalanceUnavailableReason]
    : 'Check the settings of the wallet and its provider.';
}

const units = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const;

/** A duration in the largest unit of which there are at least two, rounded down; otherwise in seconds. */
function durationText(ms: number): string {
  const [unit, unitMs] = units.find(([, unitMs]) => ms >= 2 * unitMs) ?? (['s', 1_000] as const);
  return `${Math.floor(ms / unitMs)} ${unit}`;
}
