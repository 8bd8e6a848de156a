// A guard with sent payouts.
import type { BalanceProvider, PayoutAnswer, PayoutGuard, PayoutQuestion } from 'payout-guard';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

export type Outcomes = Record<string, PayoutAnswer | Error>;

export interface Sent {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly outcomes: Outcomes;
  readonly questions: PayoutQuestion[];
}

/** A guard whose provider returns the outcomes of the test. Payouts are sent by code that has ended. */
export async function withSent(
  outcomes: Outcomes,
  references: string[],
  provider: Partial<BalanceProvider> = {},
): Promise<Sent> {
  const questions: PayoutQuestion[] = [];
  const wallet = scriptedWallet('1000.00', {
    lookup: async (question) => {
      questions.push(question);
      const answer = question.reference in outcomes ? outcomes[question.reference] : { outcome: 'unknown' };
      if (answer instanceof Error) throw answer;
      return answer as PayoutAnswer;
    },
    ...provider,
  });
  const guard = wallet.guard({ overdueAfterMs: 60_000, reconcileEveryMs: 0, lookupsPerSecond: 1_000 });
  for (const reference of references) await guard.withHold({ amount: '10.00', reference }, () => 'accepted');
  return { wallet, guard, outcomes, questions };
}
