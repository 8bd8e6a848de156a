// The client library of a provider, as an application uses it. It sends a payout again without an answer, and stops
// when the hold's signal aborts.
import { CallError, NeverSentError } from '../call-errors.js';
import type { Process } from '../process.js';
import type { Reply } from '../provider.js';
import type { Attempt } from '../truth.js';
import type { World } from '../world.js';

/** The final knowledge of the application about its payout. */
export type Outcome =
  | { readonly kind: 'completed' | 'accepted'; readonly reply: Reply }
  /** The provider refused. `isFinal`: no request sent before can still be accepted. */
  | { readonly kind: 'failed'; readonly reply: Reply; readonly isFinal: boolean }
  | { readonly kind: 'unknown'; readonly error: CallError }
  | { readonly kind: 'never sent'; readonly error: NeverSentError };

/** Makes a payout. After its end, nothing is sent any more. */
export async function makePayment(
  world: World,
  process: Process,
  attempt: Attempt,
  waitsForEnd: boolean,
): Promise<Outcome> {
  const outcome = await sendRepeatedly(world, process, attempt, waitsForEnd);
  attempt.isSending = false;
  return outcome;
}

async function sendRepeatedly(
  world: World,
  process: Process,
  attempt: Attempt,
  waitsForEnd: boolean,
): Promise<Outcome> {
  const { log, settings } = world;
  const provider = world.providerOf(attempt.payout.wallet);
  const { acceptsAgain } = provider.plan;
  let isAnyUnanswered = false;
  let error = new CallError('Too late to send.');
  for (let tries = 1; tries <= settings.clientTries; tries++) {
    if (attempt.signal.aborted) break;
    if (isAnyUnanswered) log.count('payout request repeated', attempt.reference);
    try {
      const reply = await provider.send(process, attempt, waitsForEnd);
      const outcome = outcomeOf(reply, isAnyUnanswered, world);
      const isLast = tries === settings.clientTries || attempt.signal.aborted;
      if (outcome.kind !== 'failed' || !acceptsAgain || isLast) return outcome;
      log.count('payout sent again after a failure', attempt.reference);
    } catch (thrown) {
      if (!(thrown instanceof CallError)) throw thrown;
      error = thrown;
      isAnyUnanswered ||= attempt.wasSent;
    }
    await process.pause();
  }
  return attempt.wasSent
    ? { kind: 'unknown', error }
    : { kind: 'never sent', error: new NeverSentError(attempt.reference) };
}

function outcomeOf(reply: Reply, isAnyUnanswered: boolean, world: World): Outcome {
  switch (reply.status) {
    case 'pending':
      return { kind: 'accepted', reply };
    case 'completed':
      return { kind: 'completed', reply };
    case 'failed':
    case 'refused':
      return { kind: 'failed', reply, isFinal: !isAnyUnanswered || isForGood(reply, world) };
    case 'known':
      return { kind: 'unknown', error: new CallError('The payout exists.', { status: 409 }) };
    default:
      return reply.status satisfies never;
  }
}

/** True if the provider refuses requests that were sent earlier and are still under way. */
function isForGood({ provider, status }: Reply, { providers }: World): boolean {
  const plan = [...providers.values()].find(({ name }) => name === provider)?.plan;
  if (!plan || plan.acceptsAgain) return false;
  return status === 'failed' || plan.remembersRefused;
}
