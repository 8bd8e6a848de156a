// Response codes of Interswitch Uganda (Phoenix), and what each means for a payment, for a question about one, and for
// a balance. Source: constants of the vendor's sample client and of independent clients; see docs/providers.md.
import type { PayoutAnswer } from '../../core/provider.js';
import { OutsideFailure } from '../shared/failure.js';

/** What a code means when a balance was asked for. */
export type BalanceMeaning =
  /** A balance follows. */
  | 'ok'
  /** The systems behind are busy: the same question may be answered a moment later. */
  | 'retry'
  /** The service's session or password is not accepted. */
  | 'unauthorized'
  /** Somebody has to set something up at Interswitch first. */
  | 'operator'
  /** No balance, and asking again will not help. */
  | 'no';

/** What a code says of a payment: made, under way, nobody knows, not made, the caller was not let in, sent before. */
export type PaymentClass = 'OK' | 'PEND' | 'UNK' | 'FAIL' | 'AUTH' | 'DUP';

export interface ResponseCode {
  readonly text: string;
  readonly payment: PaymentClass;
  readonly balance: BalanceMeaning;
  /** Why a question about a payment that is answered with this FAIL does not prove that the payment failed. */
  readonly doubt?: string | undefined;
}

// Doubts that several codes share: what they say may be about our question and not about the payment we asked about.
const refusedQuestion = 'the question may be what was not permitted';
const setUp = 'the question may be what the set-up does not allow';
const suspect = 'a repetition may have been rejected, and the payment itself made';

// The constants behind these codes name the biller, the issuer or the owner of the terminal.
const notSetUp: ResponseCode = {
  text: 'NOT ENABLED, NOT SET UP OR NOT RECOGNISED',
  payment: 'FAIL',
  balance: 'operator',
  doubt: setUp,
};

/**
 * Every known code. 90020 is believed when it answers a question about a payment: it is that confirmation which the
 * answer to the payment itself needs, because it also stands for codes that nobody mapped. Codes with two texts have
 * two meanings.
 */
export const responseCodes: Readonly<Record<string, ResponseCode>> = {
  '90000': { text: 'TRANSACTION APPROVED', payment: 'OK', balance: 'ok' },
  '9000': { text: 'TRANSACTION APPROVED', payment: 'OK', balance: 'ok' },
  // The constant is named TRANSACTION_SENT: sent, not made.
  '90001': { text: 'TRANSACTION APPROVED', payment: 'PEND', balance: 'no' },
  '90009': { text: 'REQUEST IN PROGRESS / RESPONSE RECEIVED TOO LATE', payment: 'PEND', balance: 'retry' },
  '90006': { text: 'ERROR RESPONSE FROM HOST', payment: 'UNK', balance: 'retry' },
  '90091': { text: 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE', payment: 'UNK', balance: 'retry' },
  '90092': { text: 'ROUTING_ERROR', payment: 'UNK', balance: 'retry' },
  '90096': { text: 'AN ERROR OCCURED', payment: 'UNK', balance: 'retry' },
  '90020': { text: 'TRANSACTION DECLINED BY BILLER', payment: 'FAIL', balance: 'no' },
  '90051': { text: 'INSUFFICIENT FUNDS', payment: 'FAIL', balance: 'no' },
  '90098': { text: 'EXCEEDS CONFIGURED LIMIT', payment: 'FAIL', balance: 'no' },
  '70061': { text: 'EXCEEDS WITHDRAWAL LIMIT', payment: 'FAIL', balance: 'no' },
  '90063': { text: 'AUTHORIZATION ERROR', payment: 'AUTH', balance: 'unauthorized' },
  '90054': { text: 'EXPIRED TIN/PIN/TOKEN OR OTP', payment: 'AUTH', balance: 'unauthorized' },
  '90055': { text: 'WRONG PIN OR OTP', payment: 'AUTH', balance: 'unauthorized' },
  '700A5': { text: 'SECURITY CONFIGURATION REQUIRED', payment: 'AUTH', balance: 'unauthorized' },
  '700A6': { text: 'PASSWORD CHANGE REQUIRED', payment: 'AUTH', balance: 'unauthorized' },
  '90026': { text: 'DUPLICATE REQUEST REFERENCE / DUPLICATE RECORD', payment: 'DUP', balance: 'no' },
  '70018': { text: 'INVALID OR DUPLICATE REQUEST REFERENCE', payment: 'DUP', balance: 'no' },
  '30020': { text: 'INVALID OR DUPLICATE REQUEST REFERENCE', payment: 'DUP', balance: 'no' },
  '90094': { text: 'REJECTED AS SUSPECT DUPLICATE', payment: 'FAIL', balance: 'no', doubt: suspect },
  '90059': { text: 'DUPLICATE-FRAUD', payment: 'FAIL', balance: 'no', doubt: suspect },
  // Not known yet is not the same as not sent: the payment may still be on its way.
  '90025': { text: 'NON EXISTENT TRANSACTION', payment: 'UNK', balance: 'no' },
  '90013': { text: 'INVALID_AMOUNT', payment: 'FAIL', balance: 'no' },
  '90030': { text: 'FORMAT ERROR', payment: 'FAIL', balance: 'no', doubt: 'the question may be what is malformed' },
  '900A9': { text: 'MISSING_PHONE_NUMBER', payment: 'FAIL', balance: 'no' },
  '90023': { text: 'UN ACCEPTABLE TRANSACTION FEE', payment: 'FAIL', balance: 'no' },
  '90052': {
    text: 'UN RECOGNIZABLE CUSTOMER NUMBER / ACCOUNT NOT FOUND',
    payment: 'FAIL',
    balance: 'no',
    doubt: 'the account may be ours',
  },
  '70010': { text: 'BILLER NOT FOUND', payment: 'FAIL', balance: 'no' },
  '70017': { text: 'INVALID PAYMENT ITEM', payment: 'FAIL', balance: 'no' },
  '70026': notSetUp,
  '70027': notSetUp,
  '70028': notSetUp,
  '70029': notSetUp,
  '70030': notSetUp,
  '70031': notSetUp,
  '70037': { text: 'INCORRECT FEE SETUP', payment: 'FAIL', balance: 'operator', doubt: setUp },
  '70038': {
    text: 'DATA NOT FOUND / PIN TRIES EXCEEDED',
    payment: 'FAIL',
    balance: 'no',
    doubt: 'what was not found may be the payment',
  },
  '70053': { text: 'SAVINGS ACCOUNT NOT FOUND', payment: 'FAIL', balance: 'no', doubt: 'the account may be ours' },
  '70054': { text: 'EXPIRED CARD', payment: 'FAIL', balance: 'no' },
  '70056': { text: 'NO CARD RECORD', payment: 'FAIL', balance: 'no' },
  '70057': { text: 'NOT PERMITTED TO CARDHOLDER', payment: 'FAIL', balance: 'no', doubt: refusedQuestion },
  '70058': { text: 'TRANSACTION NOT PERMITTED', payment: 'FAIL', balance: 'no', doubt: refusedQuestion },
};

/** What a code says when a balance was asked for. Codes that are not listed are no balance. */
export function balanceMeaning(code: string): BalanceMeaning {
  return entryOf(code)?.balance ?? 'no';
}

/** What a code says when it was asked what became of a payment. Codes that are not listed say nothing. */
export function payoutOutcome(code: string): PayoutAnswer['outcome'] {
  const { payment = 'UNK', doubt } = entryOf(code) ?? {};
  if (payment === 'FAIL') return doubt === undefined ? 'failed' : 'unknown';
  return payment === 'OK' ? 'completed' : payment === 'PEND' ? 'pending' : 'unknown';
}

/** The failure to answer at all that a code stands for. */
export function refusalOf(code: string): OutsideFailure {
  const meaning = balanceMeaning(code);
  return new OutsideFailure({
    kind: 'answer',
    reason: meaning === 'unauthorized' ? 'unauthorized' : meaning === 'operator' ? 'forbidden' : 'provider_error',
    detail: /^[0-9A-Z]{1,8}$/.test(code) ? `code ${code}` : 'unknown code',
    retryable: meaning === 'retry',
  });
}

function entryOf(code: string): ResponseCode | undefined {
  return Object.hasOwn(responseCodes, code) ? responseCodes[code] : undefined;
}
