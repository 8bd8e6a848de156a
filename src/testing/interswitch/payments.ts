// Validations and payments of the Interswitch simulator. The service passes on the codes of Phoenix, always with HTTP
// 200.
import { isLosslessNumber, parse } from 'lossless-json';
import * as z from 'zod';
import { plainDecimalText } from '../../core/money.js';
import { type Filled, functionSchema, type Shape } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import {
  type DebitMoment,
  debitMomentSchema,
  type Entry,
  PayoutBook,
  type PayoutRules,
} from '../simulator/payout-book.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';
import { amountText, enveloped, type InterswitchStyle, walletAmount, writtenAmount } from './codec.js';

/** A payment of the Interswitch simulator. */
export interface InterswitchPayment {
  readonly id: string;
  readonly requestReference: string;
  readonly customerId: string;
  /** Without fee, decimal text in major units. */
  readonly amount: string;
  readonly status: 'pending' | 'completed' | 'failed';
}

/** Codes of an answer that leaves the outcome of the payment open. */
export type InterswitchOpenCode = '90001' | '90009' | '90091';

/** Differences of the Interswitch simulator's payments from other payouts. */
export interface InterswitchPaymentOptions {
  /**
   * Moment of the debit of the ledger; `debitAt` is about the available balance.
   * @defaultValue 'completion'
   */
  readonly ledgerDebitAt?: DebitMoment | undefined;
  /**
   * Payments it names a code for are answered with that code, on `pay` and on `checkStatus`, until they end. All others
   * end before `pay` is answered.
   * @defaultValue none, or `90009` for all with `settleAfterMs`
   */
  readonly openCodeOf?: ((payment: InterswitchPayment) => InterswitchOpenCode | undefined) | undefined;
  /**
   * Each `customerId` whose validation and payment are answered with 90052.
   * @defaultValue none
   */
  readonly unknownCustomers?: readonly string[] | undefined;
}

export interface InterswitchPayments {
  readonly routes: Protocol['routes'];
  readonly payouts: () => InterswitchPayment[];
  readonly advance: (requestReference: string, status: 'completed' | 'failed') => void;
}

interface Details {
  readonly customerId: string;
  /** The code while the payment is open. */
  openCode: InterswitchOpenCode;
  readonly failedCode: '90020' | '90051';
}

export function interswitchPayments(context: {
  readonly rules: PayoutRules<InterswitchPayment> & Filled<InterswitchPaymentOptions> & InterswitchStyle;
  readonly timer: TaskTimer;
  readonly wallet: { available: bigint; ledger: bigint };
}): InterswitchPayments {
  const { rules, timer, wallet } = context;
  const debit = (figure: keyof typeof wallet, at: DebitMoment) => {
    const take = (minor: bigint) => {
      wallet[figure] -= minor;
    };
    return { at, take };
  };
  const debits = [debit('available', rules.debitAt), debit('ledger', rules.ledgerDebitAt)];
  let validations = 0;
  const book = new PayoutBook<Details, InterswitchPayment>({ rules, debits, timer, idPrefix: 'SIM-', publicForm });

  function pay(request: RouteRequest): Answer {
    const payment = readPayment(request.body);
    if (!payment) return answer('90030', null);
    const { requestReference: reference, amount, customerId, paymentCode } = payment;
    const { data: amountMinor = 0n } = walletAmount.safeParse(amount);
    if (amountMinor === 0n) return answer('90013', reference);
    if (!isPaymentCode(paymentCode)) return answer('70017', reference);
    if (rules.unknownCustomers.includes(customerId)) return answer('90052', reference);
    if (book.find(reference)) return answer('90026', reference);
    const details: Details = { customerId, openCode: '90009', failedCode: '90020' };
    if (book.costMinor(amountMinor) > wallet.available) {
      return state(book.refuse({ reference, amountMinor, details: { ...details, failedCode: '90051' } }));
    }
    const entry = book.accept({ reference, amountMinor, details });
    const openCode = rules.openCodeOf(publicForm(entry));
    if (openCode !== undefined) details.openCode = openCode;
    else if (rules.settleAfterMs === undefined) book.settle(entry);
    return state(entry);
  }

  /** The customer of a payment to come. Pays nothing, and reserves neither money nor the reference. */
  function validate(request: RouteRequest): Answer {
    const payment = readPayment(request.body);
    if (!payment) return answer('90030', null);
    const { requestReference: reference, amount, customerId, paymentCode } = payment;
    const { data: amountMinor = 0n } = walletAmount.safeParse(amount);
    if (amountMinor === 0n) return answer('90013', reference);
    if (!isPaymentCode(paymentCode)) return answer('70017', reference);
    if (rules.unknownCustomers.includes(customerId)) return answer('90052', reference);
    validations += 1;
    return answer('90000', reference, validationOf(payment, amountMinor, `SIM-VAL-${validations}`));
  }

  function validationOf({ customerId }: Payment, amountMinor: bigint, transactionReference: string): Answer['body'] {
    return {
      transactionReference,
      biller: 'SIMULATED BILLER',
      customerId,
      customerName: 'SIMULATED CUSTOMER',
      paymentItem: 'SIMULATED ITEM',
      amount: writtenAmount(rules, amountMinor),
      surcharge: writtenAmount(rules, rules.fee),
      totalAmount: writtenAmount(rules, book.costMinor(amountMinor)),
      // Of the customer's bill, not of the wallet.
      balance: null,
    };
  }

  function checkStatus(request: RouteRequest): Answer {
    const reference = request.query.get('requestReference') ?? '';
    const entry = book.find(reference);
    return entry ? state(entry) : answer('90025', reference);
  }

  /** The answer of both about a payment. */
  function state({ id, reference, amountMinor, status, details }: Entry<Details>): Answer {
    if (status === 'failed') return answer(details.failedCode, reference);
    if (status !== 'completed') return answer(details.openCode, reference);
    return answer('90000', reference, {
      transactionReference: id,
      amount: writtenAmount(rules, amountMinor),
      surcharge: writtenAmount(rules, rules.fee),
      totalAmount: writtenAmount(rules, book.costMinor(amountMinor)),
    });
  }

  function answer(responseCode: keyof typeof texts, reference: string | null, response?: Answer['body']): Answer {
    const head = { responseCode, responseMessage: texts[responseCode], requestReference: reference };
    return enveloped(rules, head, response ?? null);
  }

  return {
    routes: {
      'POST /isw/payments/validation': validate,
      'POST /isw/payments/pay': pay,
      'GET /isw/payments/checkStatus': checkStatus,
    },
    payouts: () => book.entries.map(publicForm),
    advance: (requestReference, status) => book.advance(requestReference, status),
  };
}

function publicForm({
  id,
  reference: requestReference,
  amountMinor,
  status,
  details,
}: Entry<Details>): InterswitchPayment {
  const { customerId } = details;
  // This API has no `processing`.
  const known = status === 'processing' ? 'pending' : status;
  return { id, requestReference, customerId, amount: amountText(amountMinor), status: known };
}

const texts = {
  '90000': 'TRANSACTION APPROVED',
  '90001': 'TRANSACTION APPROVED',
  '90009': 'REQUEST IN PROGRESS',
  '90013': 'INVALID_AMOUNT',
  '90020': 'TRANSACTION DECLINED BY BILLER',
  '90025': 'NON EXISTENT TRANSACTION',
  '90026': 'DUPLICATE REQUEST REFERENCE',
  '90030': 'FORMAT ERROR',
  '90051': 'INSUFFICIENT FUNDS',
  '90052': 'UN RECOGNIZABLE CUSTOMER NUMBER',
  '90091': 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE',
  '70017': 'INVALID PAYMENT ITEM',
};

// Clients send numbers as text or as they are, some as Java writes a double.
const textOrNumber = z.union([
  z.string().min(1),
  z.custom<{ value: string }>(isLosslessNumber).transform(({ value }) => plainDecimalText(value)),
]);

const paymentSchema = z.object({
  requestReference: z.string().min(1),
  amount: textOrNumber,
  customerId: textOrNumber,
  paymentCode: textOrNumber,
});

type Payment = z.infer<typeof paymentSchema>;

function readPayment(text: string): Payment | undefined {
  try {
    return paymentSchema.safeParse(parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The number of digits of the biller's id, that id, and the id of the item: `5` `30469` `36951`. */
function isPaymentCode(text: string): boolean {
  return /^\d+$/.test(text) && text.length > 1 + Number(text[0]);
}

export const interswitchPaymentShape: Shape<InterswitchPaymentOptions, Filled<InterswitchPaymentOptions>> = {
  ledgerDebitAt: debitMomentSchema.default('completion'),
  openCodeOf: functionSchema<Filled<InterswitchPaymentOptions>['openCodeOf']>().default(() => () => undefined),
  unknownCustomers: z.array(z.string()).readonly().default([]),
};
