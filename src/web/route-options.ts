// Options that the routes of all frameworks share.
import * as z from 'zod';
import type { PayOptions } from '../core/calls.js';
import type { HoldInfo } from '../core/hold-info.js';
import { functionSchema } from '../core/schemas.js';
import type { PayoutSource } from './read-payout.js';

/** A route that pays: reads the payout from the request, and judges its end. */
export interface RoutePayout<Source extends readonly unknown[]> extends PayoutSource<Source>, PayOptions {
  reference: (...source: Source) => unknown;
  /**
   * Answers a request whose reference is taken, from your own record: the payout is under way, was made, or failed.
   * `hold` is undefined when it could not be read. It is awaited; one that ends without an answer leaves the request to
   * the default.
   * @defaultValue 409, as the error handler of this package answers it
   */
  onDuplicate?: ((...given: [...source: Source, hold: HoldInfo | undefined]) => unknown) | undefined;
}

/** A route that holds money for the payout of its handler. `Answered` is what the framework has once it is answered. */
export interface HoldingRoute<Source extends readonly unknown[], Answered extends readonly unknown[] = Source>
  extends PayoutSource<Source> {
  reference: (...source: Source) => unknown;
  /**
   * The outcome that is proven when the request is answered, if the handler has not settled the hold itself:
   * `'completed'` the payout was made, `'failed'` it was not made and never will be, `undefined` nothing is proven. The
   * money then stays held until the outcome is looked up. Return what your handler has recorded, such as
   * `res.locals.verdict`. A status proves little: timeout layers and error handlers may answer it during the payment.
   *
   * It is called once, whichever layer answered and whether or not the client is there. It is not called for answers to
   * errors of the guard, nor for an answer that the framework gave because the handler gave none. `'failed'` has no
   * effect on a 404, which frameworks answer by themselves: call `release()` of the hold before you answer it.
   *
   * `'none'`: no answer of the handler proves anything.
   */
  verdictOn: ((...answered: Answered) => 'completed' | 'failed' | undefined) | 'none';
  mode?: undefined;
}

/** A route that only checks: two requests at the same time may both be approved. */
export interface CheckingRoute<Source extends readonly unknown[]>
  extends Omit<PayoutSource<Source>, 'reference' | 'metadata' | 'fingerprint'> {
  mode: 'check';
  reference?: undefined;
  verdictOn?: undefined;
}

const sourceShape: { readonly [Key in keyof PayoutSource<[]>]-?: z.ZodType } = {
  amount: functionSchema(),
  reference: functionSchema().optional(),
  fee: functionSchema().optional(),
  currency: functionSchema().optional(),
  wallet: z.union([z.string(), functionSchema()], { error: 'must be a key or a function' }).optional(),
  fingerprint: functionSchema().optional(),
  metadata: functionSchema().optional(),
};

/** Options that a framework adds. */
export type MoreOptions = Readonly<Record<string, z.ZodType>>;

export const payingSchema = (more: MoreOptions): z.ZodType<unknown> =>
  z.strictObject({
    ...sourceShape,
    reference: functionSchema(),
    settles: z.literal('onReturn').optional(),
    returns: z.literal('providerAnswer').optional(),
    onDuplicate: functionSchema().optional(),
    ...more,
  });

const verdictOnSchema = z.union([z.literal('none'), functionSchema()], {
  error: "must be a function that returns 'completed', 'failed' or undefined, or 'none'",
});

export const holdingSchema = (more: MoreOptions): z.ZodType<unknown> =>
  z.strictObject({
    ...sourceShape,
    reference: functionSchema(),
    verdictOn: verdictOnSchema,
    mode: z.undefined({ error: 'leave it out on a route with a reference' }).optional(),
    ...more,
  });

const { amount, fee, currency, wallet } = sourceShape;

export const checkingSchema = (more: MoreOptions): z.ZodType<unknown> =>
  z.strictObject({
    amount,
    fee,
    currency,
    wallet,
    mode: z.literal(
      'check',
      "must be 'check' on a route without a reference: two requests at once may both be approved",
    ),
    ...more,
  });
