// Requests that are refused before the handler runs.
import type { Row } from './results.js';

const refused = { hold: 'none', retry: 'paid', made: 0 } as const;

/** Requests that the guard refuses, so that no handler runs. */
export const ofRefusals: readonly Row[] = [
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the wallet is empty',
    ...refused,
    answer: '422 insufficient_funds',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the provider is down',
    ...refused,
    answer: '503 balance_unavailable',
  },
  {
    payment: 'completed',
    handler: 'answers 201',
    meanwhile: 'the request has no amount',
    ...refused,
    answer: '400 invalid_amount',
  },
];
