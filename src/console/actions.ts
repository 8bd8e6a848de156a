// The actions of an operator, as the page sends them.
import * as z from 'zod';
import type { HoldInfo } from '../core/hold-info.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { groupDigits, type Operator, type OperatorAction, operatorOf, unusualDebit } from '../operate/index.js';
import { RequestError } from './exchange.js';
import { type ConsoleUser, everyAction, type ResolvedConsoleOptions } from './options.js';

const text = z.string().min(1).max(512);
/** The hold as the operator saw it: a later one under the same reference, or one that has ended, is not touched. */
const seenHold = { reference: text, attempt: text, state: z.enum(['reserved', 'sent', 'captured', 'released']) };
const actionSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('capture'),
    ...seenHold,
    reason: text,
    amount: text.optional(),
    confirmUnusualDebit: z.boolean().optional(),
  }),
  z.strictObject({ action: z.literal('release'), ...seenHold, reason: text }),
  z.strictObject({ action: z.literal('lookUp'), reference: text, reason: text }),
  z.strictObject({ action: z.literal('freeze'), wallet: text, reason: text }),
  z.strictObject({ action: z.literal('unfreeze'), wallet: text, reason: text }),
  z.strictObject({ action: z.literal('acceptLimits'), wallet: text, reason: text }),
]);
type ActionRequest = z.infer<typeof actionSchema>;

/** @throws {@link RequestError} the action is not one, or is not offered. What the guard throws. */
export async function act(
  guard: PayoutGuard,
  { history, actions }: Pick<ResolvedConsoleOptions, 'history' | 'actions'>,
  { name }: ConsoleUser,
  body: unknown,
): Promise<unknown> {
  const kind = (body as { action?: unknown } | null)?.action;
  if (everyAction.includes(kind as OperatorAction) && !actions.has(kind as OperatorAction)) {
    throw new RequestError(403, 'not_offered', 'This console does not offer the action.');
  }
  const read = actionSchema.safeParse(body);
  if (!read.success) throw new RequestError(400, 'invalid_action', problemOf(read.error));
  return perform(guard, operatorOf(guard, { name, history }), read.data);
}

async function perform(guard: PayoutGuard, operator: Operator, action: ActionRequest): Promise<unknown> {
  switch (action.action) {
    case 'capture':
      assertConfirmed(guard, await seen(guard, action), action);
      return { hold: await operator.capture(action) };
    case 'release':
      await seen(guard, action);
      return { hold: await operator.release(action) };
    case 'lookUp': {
      await known(guard, action.reference);
      const { captured, released, open } = await operator.lookUp(action);
      return { captured, released, open, hold: await guard.getHold(action.reference) };
    }
    case 'freeze':
      await operator.freeze(action);
      return { wallet: action.wallet };
    case 'unfreeze':
      await operator.unfreeze(action);
      return { wallet: action.wallet };
    case 'acceptLimits':
      await operator.acceptLimits(action);
      return { wallet: action.wallet };
    default:
      return action satisfies never;
  }
}

async function known(guard: PayoutGuard, reference: string): Promise<HoldInfo> {
  const hold = await guard.getHold(reference);
  if (!hold) throw new RequestError(404, 'unknown_payout', 'No payout has this reference, or it was forgotten.');
  return hold;
}

type OnHold = Extract<ActionRequest, { action: 'capture' | 'release' }>;

/** Another attempt is refused by the store. */
async function seen(guard: PayoutGuard, { reference, attempt, state }: OnHold): Promise<HoldInfo> {
  const hold = await known(guard, reference);
  if (hold.attempt !== attempt || hold.state === state) return hold;
  const message = `The payout is ${hold.state} now; it was ${state} when you saw it. Nothing was done. Look again.`;
  throw new RequestError(409, 'changed_meanwhile', message);
}

function assertConfirmed(guard: PayoutGuard, hold: HoldInfo, action: Extract<OnHold, { action: 'capture' }>): void {
  const { currency } = guard.internals.wallet(hold.wallet);
  const unusual = unusualDebit(hold.amount, action.amount, currency);
  if (!unusual || action.confirmUnusualDebit) return;
  const [debit, held] = [groupDigits(unusual.debit), groupDigits(unusual.held)];
  const message =
    `A debit of ${debit} ${unusual.currency} is ${unusual.comparison} of ${held} ${unusual.currency}. Nothing was ` +
    'done. Compare it with the provider, and confirm it with confirmUnusualDebit.';
  throw new RequestError(409, 'unusual_debit', message, { unusualDebit: unusual });
}

function problemOf({ issues }: z.ZodError): string {
  const [first] = issues;
  return first ? `${first.path.join('.') || 'action'}: ${first.message}.` : 'The action is not valid.';
}
