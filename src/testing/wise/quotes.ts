// Recipients and quotes of the Wise simulator.
import * as z from 'zod';
import { type Currency, decimalsOf } from '../../core/currency.js';
import { amountSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { numberText } from '../simulator/json-body.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import { amountNumber, idNumber, ok, readOrRefuse, refused } from './codec.js';

export interface Quote {
  readonly id: string;
  readonly target: Currency;
  /** With the fee. */
  readonly sourceMinor: bigint;
  readonly targetMinor: bigint;
  readonly providedAmountType: 'SOURCE' | 'TARGET';
  readonly createdAtMs: number;
  isUsed: boolean;
}

export interface QuoteContext {
  readonly profileId: string;
  readonly source: Currency;
  readonly feeMinor: bigint;
  /** Units of another currency for one of the balance's, in {@link rateUnit}. */
  readonly rate: bigint;
  readonly now: () => number;
  readonly assertProfile: (id: string | undefined) => void;
}

export interface Quotes {
  readonly routes: Protocol['routes'];
  /** Takes a quote for a transfer to a recipient. @throws a refusal when that is not possible. */
  readonly take: (quoteId: string, recipientId: string) => Quote;
  readonly rateOf: (quote: Quote) => Answer['body'][string];
  /** A recipient in each currency exists from the start. */
  readonly recipientId: (currency: string) => number;
}

const rateCurrency: Currency = { code: '', exponent: 8 };
/** The rate 1. */
export const rateUnit: bigint = 10n ** 8n;
export const rateSchema: z.ZodType<bigint, string> = amountSchema(rateCurrency).refine((rate) => rate > 0n, {
  message: 'pass a rate above zero',
});

const quoteLifeMs = 30 * 60_000;

export function wiseQuotes(context: QuoteContext): Quotes {
  const { profileId, source, feeMinor, now, assertProfile } = context;
  const quotes: Quote[] = [];
  /** The currency of each recipient, by its id. */
  const recipients = new Map<string, string>();

  function addRecipient(currency: string): number {
    const id = 40_000_001 + recipients.size;
    recipients.set(String(id), currency);
    return id;
  }

  function createRecipient({ body }: RouteRequest): Answer {
    const { currency, type, profile, accountHolderName, details } = readOrRefuse(recipientSchema, body);
    if (profile !== undefined) assertProfile(profile);
    targetOf(currency);
    const id = addRecipient(currency);
    const recipient = { id, profile: BigInt(profileId), accountHolderName, currency, type, details, active: true };
    return ok({ ...recipient, business: null, country: null, ownedByCustomer: false });
  }

  function createQuote({ path, body }: RouteRequest): Answer {
    assertProfile(path.split('/')[3]);
    const request = readOrRefuse(quoteSchema, body);
    if (request.sourceCurrency !== source.code) {
      throw refused(422, 'NOT_VALID', 'There is no balance in this currency', 'sourceCurrency');
    }
    const quote: Quote = {
      id: `00000000-0000-4000-8000-${String(quotes.length + 1).padStart(12, '0')}`,
      ...amountsOf(request, targetOf(request.targetCurrency)),
      createdAtMs: now(),
      isUsed: false,
    };
    quotes.push(quote);
    return ok(rowOf(quote));
  }

  function amountsOf(request: QuoteRequest, target: Currency) {
    const [sourceMinor, targetMinor] = [
      minorOf(request.sourceAmount, source, 'sourceAmount'),
      minorOf(request.targetAmount, target, 'targetAmount'),
    ];
    if ((sourceMinor === undefined) === (targetMinor === undefined)) {
      throw refused(422, 'NOT_VALID', 'Pass a source amount or a target amount', 'sourceAmount');
    }
    // A source of `per` minor units is a target of `rate * 10^decimals`. Rounded in favour of the provider.
    const [rate, per] = [rateMinor(target) * 10n ** BigInt(target.exponent), rateUnit * 10n ** BigInt(source.exponent)];
    if (targetMinor !== undefined) {
      const converted = (targetMinor * per + rate - 1n) / rate;
      return { target, sourceMinor: converted + feeMinor, targetMinor, providedAmountType: 'TARGET' } as const;
    }
    const converted = (sourceMinor ?? 0n) - feeMinor;
    const received = (converted * rate) / per;
    if (received <= 0n) throw refused(422, 'NOT_VALID', 'The amount is below the fee', 'sourceAmount');
    return { target, sourceMinor: converted + feeMinor, targetMinor: received, providedAmountType: 'SOURCE' } as const;
  }

  const rateMinor = (target: Currency) => (target.code === source.code ? rateUnit : context.rate);

  function readQuote({ path }: RouteRequest): Answer {
    assertProfile(path.split('/')[3]);
    const quote = quotes.find(({ id }) => path.endsWith(`/${id}`));
    if (!quote) throw refused(404, 'RESOURCE_NOT_FOUND', 'There is no such quote');
    return ok(rowOf(quote));
  }

  function take(quoteId: string, recipientId: string): Quote {
    const quote = quotes.find(({ id }) => id === quoteId);
    if (!quote) throw refused(422, 'NOT_VALID', 'There is no such quote', 'quoteUuid');
    if (quote.isUsed) throw refused(422, 'NOT_VALID', 'The quote has a transfer', 'quoteUuid');
    if (isExpired(quote)) throw refused(422, 'NOT_VALID', 'The quote has expired', 'quoteUuid');
    if (recipients.get(recipientId) !== quote.target.code) {
      throw refused(422, 'NOT_VALID', 'There is no such recipient in the target currency', 'targetAccount');
    }
    quote.isUsed = true;
    return quote;
  }

  const isExpired = ({ createdAtMs }: Quote) => now() >= createdAtMs + quoteLifeMs;
  const rateOf = ({ target }: Quote) => amountNumber(rateMinor(target), rateCurrency);

  function statusOf(quote: Quote): string {
    if (quote.isUsed) return 'ACCEPTED';
    return isExpired(quote) ? 'EXPIRED' : 'PENDING';
  }

  function rowOf(quote: Quote): Record<string, unknown> {
    const { id, target, createdAtMs, providedAmountType } = quote;
    const expiry = new Date(createdAtMs + quoteLifeMs).toISOString();
    const fee = amountNumber(feeMinor, source);
    const amounts = {
      sourceAmount: amountNumber(quote.sourceMinor, source),
      targetAmount: amountNumber(quote.targetMinor, target),
      sourceCurrency: source.code,
      targetCurrency: target.code,
      payOut: 'BANK_TRANSFER',
    };
    return {
      id,
      ...amounts,
      rate: rateOf(quote),
      createdTime: new Date(createdAtMs).toISOString(),
      user: 1,
      profile: BigInt(profileId),
      rateType: 'FIXED',
      rateExpirationTime: expiry,
      providedAmountType,
      paymentOptions: [
        {
          disabled: false,
          fee: { transferwise: fee, payIn: 0, discount: 0, partner: 0, total: fee },
          ...amounts,
          payIn: 'BALANCE',
        },
      ],
      status: statusOf(quote),
      expirationTime: expiry,
      notices: [],
    };
  }

  const firstRecipients = new Map<string, number>();
  return {
    routes: {
      'POST /v1/accounts': createRecipient,
      'POST /v3/profiles/{id}/quotes': createQuote,
      'GET /v3/profiles/{id}/quotes/{id}': readQuote,
    },
    take,
    rateOf,
    recipientId: (currency) => {
      const id = firstRecipients.get(currency) ?? addRecipient(currency);
      firstRecipients.set(currency, id);
      return id;
    },
  };
}

function targetOf(code: string): Currency {
  const exponent = decimalsOf(code);
  if (exponent === undefined) throw refused(422, 'NOT_VALID', 'There is no such currency', 'targetCurrency');
  return { code, exponent };
}

/** Undefined for an amount that was not given. */
function minorOf(text: string | null | undefined, currency: Currency, path: string): bigint | undefined {
  if (text === null || text === undefined) return undefined;
  const minor = amountSchema(currency).safeParse(text).data;
  if (!minor) throw refused(422, 'NOT_VALID', 'This is no amount of the currency', path);
  return minor;
}

interface QuoteRequest {
  readonly sourceCurrency: string;
  readonly targetCurrency: string;
  readonly sourceAmount?: string | null | undefined;
  readonly targetAmount?: string | null | undefined;
}

const quoteSchema: z.ZodType<QuoteRequest> = z.object({
  sourceCurrency: z.string(),
  targetCurrency: z.string(),
  sourceAmount: numberText.nullish(),
  targetAmount: numberText.nullish(),
});

const recipientSchema = z.object({
  currency: z.string(),
  type: z.string().min(1),
  profile: idNumber.optional(),
  accountHolderName: z.string().min(1),
  details: z.record(z.string(), z.unknown()),
});
