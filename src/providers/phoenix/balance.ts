// The spendable figure in an answer of `sente/accountBalance`. No public source shows a real one, so everything unusual
// is refused.
import { alphabeticCode } from '../../core/currency.js';
import type { ProviderBalance } from '../../core/provider.js';
import { HttpFailure } from '../../http/failure.js';
import { readShape } from '../../http/json.js';
import { displayedDetails } from '../interswitch/display.js';
import { balanceMeaning, refusalOf } from '../interswitch/response-codes.js';
import type { Phoenix } from './options.js';
import { type Envelope, figure, type Members } from './schema.js';

/** @throws `HttpFailure` on any doubt. */
export function readBalance(
  body: Envelope,
  { balanceFields, assumedCurrency }: Pick<Phoenix, 'balanceFields' | 'assumedCurrency'>,
): ProviderBalance {
  if (balanceMeaning(body.responseCode) !== 'ok') throw refusalOf(body.responseCode);
  const places: Members[] = [body.response ?? {}, body];
  const found = places.flatMap((members) => {
    const name = balanceFields.find((field) => Object.hasOwn(members, field));
    return name === undefined || members[name] == null ? [] : [{ members, name }];
  });
  const [first, second] = found;
  if (first === undefined) throw shape('unrecognised balance shape');
  // Ambiguous.
  if (second !== undefined) throw shape('two balances in one answer');
  const { members, name } = first;
  // Beside something that calls itself available, a bare `balance` may well be the ledger's.
  if (!isAvailable(name) && Object.keys(members).some(isAvailable)) throw shape('unrecognised balance shape');
  const currency = currencyOf(members, assumedCurrency);
  const available = read(members[name], 'unrecognised balance shape');
  return { available, currency, details: displayedDetails(members, currency) };
}

function isAvailable(name: string): boolean {
  return /avail/i.test(name);
}

function currencyOf(members: Members, assumed: string | undefined): string {
  const named = ['currencyCode', 'currency'].flatMap((name) => {
    return Object.hasOwn(members, name) && members[name] != null
      ? [alphabeticCode(read(members[name], 'no currency'))]
      : [];
  });
  const [code = assumed, other = code] = named;
  if (code === undefined) throw shape('no currency');
  if (other !== code) throw shape('two currencies in one answer');
  return code;
}

function read(value: unknown, detail: string): string {
  return readShape(figure, value, detail);
}

function shape(detail: string): HttpFailure {
  return new HttpFailure({ kind: 'shape', detail });
}
