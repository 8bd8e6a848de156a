// `payout-guard capture` and `payout-guard release`: the outcome of a payout, as an operator knows it.

import { InvalidAmountError } from '../../core/errors.js';
import type { HoldInfo } from '../../core/hold-info.js';
import { formatMinorUnits, parseAmount } from '../../core/money.js';
import { type UnusualDebit, unusualDebit } from '../../operate/index.js';
import type { Call, Run } from '../call.js';
import { confirm, confirmUnusual } from '../confirm.js';
import { exitCodes } from '../exit-codes.js';
import { jsonText } from '../output/text.js';
import { operatorOfCall, reasonOf, referenceOf, type Session, walletOf, withGuard } from '../session.js';
import { Refusal, UsageError } from '../usage.js';
import { kindOf } from '../values.js';
import { stateText } from './holds.js';

export const capture: Run = async (call) => {
  const [reference, reason] = [referenceOf(call), reasonOf(call)];
  return withGuard(call, async (session) => {
    const hold = await holdOf(session, reference);
    const { amount, unusual } = await debitOf(session, hold);
    const operator = operatorOfCall(session);
    await confirm(call, 'capture', holdText(hold) + debitText(hold, amount));
    if (unusual) await confirmUnusual(call, unusual);
    printResult(call, 'captured', await operator.capture({ reference, attempt: hold.attempt, amount, reason }));
    return exitCodes.done;
  });
};

export const release: Run = async (call) => {
  const [reference, reason] = [referenceOf(call), reasonOf(call)];
  return withGuard(call, async (session) => {
    const hold = await holdOf(session, reference);
    const operator = operatorOfCall(session);
    await confirm(call, 'release', holdText(hold), hold.state === 'reserved' ? releaseOfReserved : undefined);
    await assertSeen(session, hold);
    printResult(call, 'released', await operator.release({ reference, attempt: hold.attempt, reason }));
    return exitCodes.done;
  });
};

/** Unlike that of a payout that was sent, its reference is not used up. */
const releaseOfReserved =
  'The payout was not sent. Frees its amount for others, and its reference may be held and paid again. Do it only if ' +
  'no process can still send it: otherwise it may be paid twice.';

/** A payout that was sent while the question was open has another meaning. @throws `Refusal` */
async function assertSeen({ guard }: Session, { reference, state }: HoldInfo): Promise<void> {
  const now = await guard.getHold(reference);
  if (now === undefined || now.state === state) return;
  throw new Refusal(`The payout is ${now.state} now; it was ${state} at the question. Nothing was done.`);
}

async function holdOf({ guard }: Session, reference: string): Promise<HoldInfo> {
  const hold = await guard.getHold(reference);
  if (hold) return hold;
  throw new Refusal('The store has no hold of this reference. Nothing was done.');
}

interface Debit {
  /** Undefined for the held amount. */
  readonly amount?: string;
  readonly unusual?: UnusualDebit | undefined;
}

/** The real debit in the currency of the wallet. @throws `UsageError` before anything is asked. */
async function debitOf({ guard, call }: Session, hold: HoldInfo): Promise<Debit> {
  const given = call.args[1];
  if (given === undefined) return {};
  const { currency } = await walletOf(guard, hold.wallet);
  try {
    const amount = formatMinorUnits(parseAmount(given, currency), currency);
    return { amount, unusual: unusualDebit(hold.amount, amount, currency) };
  } catch (error) {
    if (!(error instanceof InvalidAmountError)) throw error;
    throw new UsageError(`AMOUNT: ${error.message} Got ${kindOf(given)}.`);
  }
}

function debitText(hold: HoldInfo, amount: string | undefined): string {
  return amount === undefined || amount === hold.amount ? '' : `, of which ${amount} ${hold.currency} left`;
}

function holdText(hold: HoldInfo): string {
  const { reference, amount, currency, wallet } = hold;
  return `${reference}: ${amount} ${currency} from wallet ${wallet}, ${stateText(hold)}`;
}

function printResult({ options, context }: Call, done: string, hold: HoldInfo): void {
  const { reference, amount, captured = amount, currency } = hold;
  context.print(options.json ? jsonText({ hold }) : `${done} ${reference}: ${captured} ${currency}`);
}
