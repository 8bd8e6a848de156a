// Drivers run the table of endings on a framework: one small driver for each.
import type { Hold, PayoutGuard } from 'payout-guard';
import type { Pay } from 'payout-guard/web';
import type { Listening } from '../../express/api.js';
import type { AdapterName } from './deviations.js';
import type { Ending } from './ending.js';

/** The end of a handler, to be written in the idiom of the framework. */
export type Reply =
  | { readonly kind: 'json' | 'empty' | 'stream' | 'broken stream'; readonly status: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly to: string }
  /** The connection is cut off. */
  | { readonly kind: 'destroyed' }
  /** It was given before. */
  | { readonly kind: 'given' }
  /** The handler returns nothing, and does nothing to answer. */
  | { readonly kind: 'nothing' }
  /** The handler passes the request on, and nothing else takes it. */
  | { readonly kind: 'passed on' };

/** A request, as its row has it. */
export interface Script {
  readonly ending: Ending;
  readonly guard: PayoutGuard;
  /** Registers how another layer answers before the handler does. To be called when the request arrives. */
  layer(answer: (status: number) => void): void;
  /**
   * Runs the handler up to its answer.
   *
   * @param pay - Undefined where the handler pays by itself.
   * @param early - Answers before the handler has ended.
   */
  handle(pay: Pay | undefined, holdOf: () => Hold | undefined, early: (reply: Reply) => void): Promise<Reply>;
}

export interface Driver {
  readonly name: AdapterName;
  /** True if a handler may end and the answer come later. */
  readonly waitsForAnswer?: true;
  /** Serves `POST /payouts` with the route of the script. */
  serve(script: Script, atTheEnd: (close: () => unknown) => void): Promise<Listening>;
}

/** Returns true if the application answers errors by itself, by their `status` and `code`. */
export const hasOwnErrors = ({ ending }: Script): boolean =>
  ending.meanwhile === 'errors are answered by the application';

/** The rows of `requireSufficientFunds`: 201 is completed, 404 and 410 are failed. */
export const verdictOnStatus = (status: number): 'completed' | 'failed' | undefined => {
  if (status === 201) return 'completed';
  return status === 404 || status === 410 ? 'failed' : undefined;
};

/** The `verdictOn` of a script, given how its framework shows the status. */
export function verdictsOf<Answered extends readonly unknown[]>(
  { ending }: Script,
  statusOf: (...answered: Answered) => number,
): ((...answered: Answered) => 'completed' | 'failed' | undefined) | 'none' {
  if (ending.route === "requireSufficientFunds, verdictOn: 'none'") return 'none';
  return (...answered) => verdictOnStatus(statusOf(...answered));
}

/** The second of two guards on one route. */
export const secondPayout = { wallet: 'ugx', amount: (): string => '400' };

/** Returns true if the handler pays with `holdOf(...).pay`. */
export const paysWithHold = ({ ending }: Script): boolean => ending.route === 'requireSufficientFunds, holdOf(res).pay';

/** A body in two halves. `isBroken`: it ends between them, once `isSent` says that the first was sent. */
export async function* halves(isBroken: boolean, isSent: () => boolean = () => true): AsyncGenerator<string> {
  yield 'half ';
  do await new Promise(setImmediate);
  while (!isSent());
  if (isBroken) throw new Error('broken off');
  yield 'whole';
}
