// Response codes of Interswitch Uganda (Phoenix): the meaning of each for a payment, for a question about one, and for
// a balance. One table for the adapter that speaks Phoenix and for the one that speaks to a service in front of it;
// docs/response-codes.md is generated from it. Source: constants of the vendor's sample client and of independent
// clients.
import type { PayoutVerdict } from '../../core/verdict.js';
import { HttpFailure } from '../../http/failure.js';
import { knownSentence } from './sentences.js';

/** The meaning of a code when a balance, or a session, was asked for. */
export type BalanceMeaning =
  /** A balance, or a session, follows. */
  | 'ok'
  /** The systems behind are busy. */
  | 'busy'
  /** The session, the password or the signature is not accepted. */
  | 'unauthorized'
  /** An operator has to set something up at Interswitch first. */
  | 'operator'
  /** Anything else that is no balance. */
  | 'no';

/**
 * The class of a code on a payment: made, under way, unknown, not made, caller not authorized, reference used before.
 */
export type PaymentClass = 'OK' | 'PEND' | 'UNK' | 'FAIL' | 'AUTH' | 'DUP';

/**
 * True if the same question (balance, status, session) may be asked again. A payment is never repeated for its code.
 */
export type Retry =
  /** A moment later. */
  | 'later'
  /** Once, with a new session and the same reference. Only this one is also true of a payment. */
  | 'renew'
  /** The answer will be the same, or that is not known. */
  | 'no';

export interface ResponseCode {
  readonly text: string;
  readonly payment: PaymentClass;
  readonly balance: BalanceMeaning;
  readonly retry: Retry;
  /** Reason why this FAIL, as the answer to a question about a payment, does not prove that the payment failed. */
  readonly doubt?: string | undefined;
}

// Doubts that several codes share: they may be about the question and not about the payment in question.
const refusedQuestion = 'the question may be what was not permitted';
const setUp = 'the question may be what the set-up does not allow';
const suspect = 'a repetition may have been rejected, and the payment itself made';
const ourAccount = 'the account may be ours';

/** Also the answer for codes of the switch behind Phoenix that were never mapped. */
const catchAll = '90020';

const approved: ResponseCode = { text: 'TRANSACTION APPROVED', payment: 'OK', balance: 'ok', retry: 'no' };

// The constants behind these codes name the biller, the issuer or the owner of the terminal.
const notSetUp: ResponseCode = {
  text: 'NOT ENABLED, NOT SET UP OR NOT RECOGNISED',
  payment: 'FAIL',
  balance: 'operator',
  retry: 'no',
  doubt: setUp,
};

const open = (payment: PaymentClass, text: string): ResponseCode => ({
  text,
  payment,
  balance: 'busy',
  retry: 'later',
});
const failed = (text: string, doubt?: string): ResponseCode => ({
  text,
  payment: 'FAIL',
  balance: 'no',
  retry: 'no',
  doubt,
});
const refused = (text: string, retry: Retry): ResponseCode => ({
  text,
  payment: 'AUTH',
  balance: 'unauthorized',
  retry,
});
const duplicate = (text: string): ResponseCode => ({ text, payment: 'DUP', balance: 'no', retry: 'no' });

/**
 * Every known code. Codes with two texts have two meanings. 90020 counts when it answers a question about a payment:
 * that is the confirmation which the answer to the payment itself needs.
 */
export const responseCodes: Readonly<Record<string, ResponseCode>> = {
  '90000': approved,
  '9000': approved,
  // The constant is named TRANSACTION_SENT: sent, not made.
  '90001': { text: 'TRANSACTION APPROVED', payment: 'PEND', balance: 'no', retry: 'no' },
  '90009': open('PEND', 'REQUEST IN PROGRESS / RESPONSE RECEIVED TOO LATE'),
  '90006': open('UNK', 'ERROR RESPONSE FROM HOST'),
  '90091': open('UNK', 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE'),
  '90092': open('UNK', 'ROUTING_ERROR'),
  '90096': open('UNK', 'AN ERROR OCCURED'),
  [catchAll]: failed('TRANSACTION DECLINED BY BILLER'),
  '90051': failed('INSUFFICIENT FUNDS'),
  '90098': failed('EXCEEDS CONFIGURED LIMIT'),
  '70061': failed('EXCEEDS WITHDRAWAL LIMIT'),
  '90063': refused('AUTHORIZATION ERROR', 'renew'),
  '90054': refused('EXPIRED TIN/PIN/TOKEN OR OTP', 'renew'),
  '90055': refused('WRONG PIN OR OTP', 'no'),
  '700A5': refused('SECURITY CONFIGURATION REQUIRED', 'no'),
  '700A6': refused('PASSWORD CHANGE REQUIRED', 'no'),
  '90026': duplicate('DUPLICATE REQUEST REFERENCE / DUPLICATE RECORD'),
  '70018': duplicate('INVALID OR DUPLICATE REQUEST REFERENCE'),
  '30020': duplicate('INVALID OR DUPLICATE REQUEST REFERENCE'),
  '90094': failed('REJECTED AS SUSPECT DUPLICATE', suspect),
  '90059': failed('DUPLICATE-FRAUD', suspect),
  // Not known yet is not the same as not sent: the payment may still be on its way.
  '90025': { text: 'NON EXISTENT TRANSACTION', payment: 'UNK', balance: 'no', retry: 'no' },
  '90013': failed('INVALID_AMOUNT'),
  '90030': failed('FORMAT ERROR', 'the question may be what is malformed'),
  '900A9': failed('MISSING_PHONE_NUMBER'),
  '90023': failed('UN ACCEPTABLE TRANSACTION FEE'),
  '90052': failed('UN RECOGNIZABLE CUSTOMER NUMBER / ACCOUNT NOT FOUND', ourAccount),
  '70010': failed('BILLER NOT FOUND'),
  '70017': failed('INVALID PAYMENT ITEM'),
  '70026': notSetUp,
  '70027': notSetUp,
  '70028': notSetUp,
  '70029': notSetUp,
  '70030': notSetUp,
  '70031': notSetUp,
  '70037': { ...notSetUp, text: 'INCORRECT FEE SETUP' },
  '70038': failed('DATA NOT FOUND / PIN TRIES EXCEEDED', 'what was not found may be the payment'),
  '70053': failed('SAVINGS ACCOUNT NOT FOUND', ourAccount),
  '70054': failed('EXPIRED CARD'),
  '70056': failed('NO CARD RECORD'),
  '70057': failed('NOT PERMITTED TO CARDHOLDER', refusedQuestion),
  '70058': failed('TRANSACTION NOT PERMITTED', refusedQuestion),
};

/** The entry of a code; undefined for one that is not listed. */
export function knownCode(code: string): ResponseCode | undefined {
  return Object.hasOwn(responseCodes, code) ? responseCodes[code] : undefined;
}

/** The meaning of a code when a balance was asked for; `no` for a code that is not listed. */
export function balanceMeaning(code: string): BalanceMeaning {
  return knownCode(code)?.balance ?? 'no';
}

/** The outcome of a payment when a code answers a question about it; `unknown` for a code that is not listed. */
export function payoutOutcome(code: string): PayoutVerdict {
  return outcomeOf(code, ({ doubt }) => doubt !== undefined);
}

/**
 * The outcome of a payment when a code answers the call that makes it; `unknown` for a code that is not listed. Doubts
 * about a question do not apply. Two remain: the first call with this reference may have paid before a repetition was
 * rejected, and 90020 also stands for codes that were never mapped. Both need a status call.
 */
export function paymentOutcome(code: string): PayoutVerdict {
  return outcomeOf(code, ({ doubt }) => doubt === suspect || code === catchAll);
}

/** Returns true if a code means that there is no record of the payment. */
export function isAbsent(code: string): boolean {
  return code === '90025';
}

function outcomeOf(code: string, isDoubtful: (known: ResponseCode) => boolean): PayoutVerdict {
  const known = knownCode(code);
  if (known?.payment === 'FAIL') return isDoubtful(known) ? 'unknown' : 'failed';
  return known?.payment === 'OK' ? 'completed' : known?.payment === 'PEND' ? 'pending' : 'unknown';
}

/** The failure to answer at all that a code stands for, with the words of its message if they are known. */
export function refusalOf(code: string, message?: unknown): HttpFailure {
  const { balance = 'no', retry = 'no' } = knownCode(code) ?? {};
  const words = knownSentence(message);
  return new HttpFailure({
    kind: 'answer',
    reason: balance === 'unauthorized' ? 'unauthorized' : balance === 'operator' ? 'forbidden' : 'provider_error',
    detail: /^[0-9A-Z]{1,8}$/.test(code) ? [`code ${code}`, ...(words ? [words] : [])].join(': ') : 'unknown code',
    retryable: retry === 'later',
  });
}
