// Asks before an action on money: it repeats what the action means, and what it is about.
import { actionMeanings, groupDigits, type OperatorAction, type UnusualDebit } from '../operate/index.js';
import type { Call } from './call.js';
import { escaped } from './output/escape.js';
import { Interrupted, Refusal, UsageError } from './usage.js';

/**
 * Returns when the user has confirmed, or has given `--yes`.
 *
 * @param about - What the action is about, such as the reference with its amount and currency.
 * @param meaning - What it means for money, if that depends on the payout.
 * @throws `Refusal` the user did not confirm. `UsageError` there is no terminal to ask. `Interrupted`
 */
export async function confirm(
  call: Call,
  action: OperatorAction,
  about: string,
  meaning: string = actionMeanings[action],
): Promise<void> {
  if (call.options.yes) return;
  const command = action.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  await ask(call, `${command} ${escaped(about)}\n${meaning}`, 'yes', '--yes');
}

/**
 * The second question, about a debit that is far from the held amount. `--yes` alone does not answer it: a script that
 * has the wrong unit would book a hundred times the debit.
 *
 * @throws as {@link confirm}
 */
export async function confirmUnusual(call: Call, { debit, held, currency, comparison }: UnusualDebit): Promise<void> {
  if (call.options.unusualDebit) return;
  const amounts = [debit, held].map((amount) => `${groupDigits(amount, ' ')} ${currency}`);
  const about = `Unusual debit: ${amounts[0]}, and ${amounts[1]} are held. That is ${comparison}`;
  if (call.options.yes) {
    throw new UsageError(`${about}. Nothing was done: if it is right, give --unusual-debit as well`);
  }
  await ask(call, `${about}. Compare its digits with the statement of the provider.`, 'unusual', '--unusual-debit');
}

async function ask({ context }: Call, about: string, word: string, flag: string): Promise<void> {
  if (!context.canAsk) throw new UsageError(`there is no terminal to ask for a confirmation: give ${flag}`);
  context.printError(about);
  const answer = await context.ask(`Type ${word} to go on: `).catch(() => undefined);
  if (context.interrupted?.aborted) throw new Interrupted('Interrupted. Nothing was done.');
  if (answer?.trim().toLowerCase() !== word) throw new Refusal('Not confirmed. Nothing was done.');
}
