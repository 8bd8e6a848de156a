// Endings behind requireSufficientFunds whose answers are not judged, with `pay`, and twice.
import { captured, duplicate, failed, inProgress, type Row, released, sent } from './results.js';

export const ofGuardWithoutVerdicts: readonly Row[] = [
  { payment: 'completed', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { handler: 'answers 404', ...sent, made: 0, answer: '404' },
  { payment: 'throws PayoutRejectedError', handler: 'passes the error on', ...failed, answer: '422 payout_rejected' },
  { payment: 'completed', handler: 'captures the real debit, answers 201', ...captured, answer: '201' },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves before the handler runs',
    ...released,
    answer: 'none',
  },
];

export const ofGuardWithPay: readonly Row[] = [
  { payment: 'completed', handler: 'answers 201', ...captured, answer: '201' },
  { payment: 'completed', handler: 'answers 404', ...captured, answer: '404' },
  { payment: 'pending', handler: 'answers 201', ...sent, made: 1, answer: '201' },
  { payment: 'pending', handler: 'answers 404', ...sent, made: 1, answer: '404' },
  { payment: 'throws an HTTP client error of status 409', handler: 'answers 404', ...sent, made: 1, answer: '404' },
  { payment: 'throws PayoutRejectedError', handler: 'passes the error on', ...failed, answer: '422 payout_rejected' },
  { payment: 'throws PayoutRejectedError', handler: 'answers 201', ...failed, answer: '201' },
  { payment: 'completed', handler: 'throws HoldStateError', ...captured, answer: inProgress },
  {
    payment: 'completed',
    handler: 'answers 404',
    meanwhile: 'a timeout layer answers 408 during the payment',
    ...captured,
    answer: '408',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the client leaves during the payment',
    ...captured,
    answer: 'none',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the guard closes during the payment',
    ...captured,
    answer: '201',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the request is repeated before the payment',
    ...captured,
    answer: '201',
    repeated: inProgress,
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the request is repeated during the payment',
    ...captured,
    answer: '201',
    repeated: inProgress,
  },
];

export const ofTwoGuards: readonly Row[] = [
  {
    payment: 'completed',
    handler: 'answers 201',
    hold: 'captured, captured',
    retry: duplicate,
    made: 2,
    answer: '201',
  },
  { handler: 'answers 410', hold: 'failed, failed', retry: duplicate, made: 0, answer: '410' },
  { payment: 'completed', handler: 'answers 202', hold: 'sent, sent', retry: inProgress, made: 2, answer: '202' },
  // A rejection does not identify one of the two payouts.
  {
    payment: 'throws PayoutRejectedError',
    handler: 'passes the error on',
    hold: 'sent, sent',
    retry: inProgress,
    made: 0,
    answer: inProgress,
  },
  // Code between the two guards may have paid, so the first hold stays. Pay from two wallets in one payoutRoute
  // instead.
  {
    handler: 'answers 201',
    meanwhile: 'the second wallet is empty',
    hold: 'sent, none',
    retry: inProgress,
    made: 0,
    answer: inProgress,
  },
];
