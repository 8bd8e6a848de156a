// `payout-guard reconcile`: asks the provider for the outcomes of payouts.
import type { ReconcileProgress, ReconcileResult } from '../../operate/index.js';
import type { Call, Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { ProgressBar } from '../output/progress.js';
import { counted, durationText, jsonText } from '../output/text.js';
import { operatorOfCall, referenceOf, type Session, text, warnOfMemory, withGuard } from '../session.js';
import { Interrupted, Refusal } from '../usage.js';
import { durationMs } from '../values.js';

export const reconcile: Run = (call) =>
  withGuard(call, async (session) => {
    const result = await (call.args[0] === undefined ? lookUpAll(session) : lookUpOne(session, referenceOf(call)));
    const { captured, released, open, neverSeen, elsewhere } = result;
    const references = neverSeen.map((hold) => hold.reference);
    if (call.options.json) call.context.print(jsonText({ captured, released, open, neverSeen: references, elsewhere }));
    else call.context.print(resultText(result) ?? nothingText(session));
    warnOfMemory(session);
    return exitCodes.done;
  });

async function lookUpOne(session: Session, reference: string): Promise<ReconcileResult> {
  if (!(await session.guard.getHold(reference))) throw new Refusal('The store has no hold of this reference.');
  return { ...(await operatorOfCall(session).lookUp({ reference })), elsewhere: 0 };
}

async function lookUpAll(session: Session): Promise<ReconcileResult> {
  const { call } = session;
  const { progressScreen, interrupted } = call.context;
  const operator = operatorOfCall(session);
  const bar = new ProgressBar(progressScreen);
  let last: ReconcileProgress | undefined;
  const onProgress = (progress: ReconcileProgress) => {
    last = progress;
    bar.show(progress.done, progress.total, `${progress.captured} captured, ${progress.released} released`);
  };
  try {
    const result = await operator.lookUpAll({ olderThanMs: ageOf(call), signal: interrupted, onProgress });
    bar.clear();
    return result;
  } catch (error) {
    bar.clear();
    if (!interrupted?.aborted) throw error;
    throw new Interrupted(`Interrupted. ${doneText(last)} The rest is as it was; run the command again.`);
  }
}

function ageOf(call: Call): number | undefined {
  const given = text(call, 'olderThan');
  return given === undefined ? undefined : durationMs('older-than', given);
}

function doneText(progress: ReconcileProgress | undefined): string {
  if (!progress) return 'No payout was looked up.';
  const { done, total, captured, released } = progress;
  return `${done} of ${counted(total, 'payout')} looked up: ${captured} captured, ${released} released.`;
}

/** Undefined if there was nothing to look up. */
function resultText({ captured, released, open, neverSeen, elsewhere }: ReconcileResult): string | undefined {
  if (captured + released + open + elsewhere === 0) return undefined;
  const lines = [`${captured} captured, ${released} released, ${open} still open`];
  if (elsewhere > 0) {
    const payouts = `${counted(elsewhere, 'payout')} still open`;
    lines.push(`${payouts}, which another process looked up within the last minute: run the command again then.`);
  }
  if (neverSeen.length > 0) {
    const references = neverSeen.map(({ reference, amount, currency }) => `  ${reference}  ${amount} ${currency}`);
    lines.push('The provider has no record of:', ...references);
    lines.push('Compare them with its dashboard, and release those that were never sent.');
  }
  return lines.join('\n');
}

/** Younger payouts may be open all the same. */
function nothingText({ call, guard }: Session): string {
  if (call.args[0] !== undefined) return 'The payout has its outcome already, or was not sent yet.';
  const given = text(call, 'olderThan');
  if (given !== undefined) return `No open payout was sent ${given} ago or earlier, so none was looked up.`;
  const age = durationText(guard.internals.overdueAfterMs);
  return `Nothing is overdue. A payout is looked up from ${age} after it was sent; --older-than 0s looks up all.`;
}
