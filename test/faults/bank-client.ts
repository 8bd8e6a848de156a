// The bank as an application reaches it: payouts, look-ups, the balance, and the judgement of its answers.
import { type BalanceProvider, type PayoutAnswer, PayoutRejectedError, type PayoutVerdict } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';
import type { PayoutRequest } from './bank.js';
import type { Wallet } from './messages.js';

/** The answer of the bank to a payout. */
export interface BankAnswer {
  readonly status: 'paid' | 'accepted' | 'rejected';
  readonly reference: string;
}

export class BankClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  balanceOf(wallet: Wallet): BalanceProvider {
    const adapter = httpProvider({
      name: 'bank',
      url: `${this.#url}/balance/${wallet}`,
      schema: z.object({ available: z.string(), currency: z.string() }),
      select: (body) => body,
      debitVisibleAt: 'completion',
    });
    return { ...adapter, verdictOfResult: verdictOfAnswer };
  }

  /** Resolves to the answer, a rejection included. @throws what `fetch` throws when the answer is lost. */
  async send(request: PayoutRequest, signal: AbortSignal): Promise<BankAnswer> {
    const response = await fetch(`${this.#url}/payouts`, { method: 'POST', body: JSON.stringify(request), signal });
    return (await response.json()) as BankAnswer;
  }

  readonly lookUp = async ({
    reference,
    signal,
  }: {
    readonly reference: string;
    readonly signal: AbortSignal;
  }): Promise<PayoutAnswer> => {
    const url = `${this.#url}/lookup/${encodeURIComponent(reference)}`;
    const { outcome, debited } = (await (await fetch(url, { signal })).json()) as { outcome: string; debited: string };
    switch (outcome) {
      case 'paid':
        return { outcome: 'completed', debited };
      case 'rejected':
        return { outcome: 'failed' };
      case 'pending':
        return { outcome: 'pending' };
      default:
        return { outcome: 'unknown', absent: true };
    }
  };
}

/** The verdict of an answer of the bank. Anything else that a payment function returns is not judged. */
function verdictOfAnswer(result: unknown, { reference }: { readonly reference: string }): PayoutVerdict | undefined {
  const { status, reference: answered } = (result ?? {}) as Partial<BankAnswer>;
  if (answered !== reference) return undefined;
  return status === 'paid' ? 'completed' : status === 'rejected' ? 'failed' : 'pending';
}

/** @throws `PayoutRejectedError` for a rejection. */
export function accepted(answer: BankAnswer): BankAnswer {
  if (answer.status === 'rejected') throw new PayoutRejectedError();
  return answer;
}
