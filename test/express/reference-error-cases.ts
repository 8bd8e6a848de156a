// Errors about a reference: it is under way, used, of another payout, or in another state.
import {
  DuplicateReferenceError,
  HoldConflictError,
  HoldStateError,
  PayoutInProgressError,
  ReferencesTakenError,
} from 'payout-guard';
import type { Case } from './error-cases.js';

type Code = 'payout_in_progress' | 'duplicate_reference' | 'references_taken' | 'hold_conflict' | 'hold_state';

export const referenceCases: Readonly<Record<Code, readonly Case[]>> = {
  payout_in_progress: [
    {
      name: 'a payout in progress',
      error: () => new PayoutInProgressError('p-1'),
      status: 409,
      retryAfter: '5',
      body: {
        title: 'Payout in progress',
        detail:
          'A payout with this reference is under way, or its outcome is not known yet. ' +
          'Do not send it again under another reference; repeat the request later to learn its outcome.',
        retryable: true,
      },
    },
  ],
  duplicate_reference: [
    {
      name: 'a payout that was made',
      error: () => new DuplicateReferenceError('p-1', 'captured'),
      status: 409,
      body: { title: 'Duplicate reference', detail: 'A payout with this reference was made already.' },
    },
    {
      name: 'a payout that failed',
      error: () => new DuplicateReferenceError('p-1', 'released'),
      status: 409,
      body: {
        title: 'Duplicate reference',
        detail: 'The payout with this reference failed. Use a new reference for another try.',
      },
    },
  ],
  references_taken: [
    {
      name: 'a payroll with references of payouts that were made, or are others',
      error: () =>
        new ReferencesTakenError([
          { reference: 'p-1', state: 'captured' },
          { reference: 'p-2', state: 'sent', difference: 'payee' },
        ]),
      status: 409,
      body: {
        title: 'References taken',
        detail:
          'References of this payroll belong to other payouts: p-1 (captured), p-2 (sent). Nothing was held. ' +
          "Leave those payouts out, or hold the payroll with policy 'fit'.",
        taken: [
          { reference: 'p-1', state: 'captured' },
          { reference: 'p-2', state: 'sent', difference: 'payee' },
        ],
      },
    },
    {
      name: 'a payroll whose call before was refused without an answer of the store',
      error: () => new ReferencesTakenError([{ reference: 'p-1', state: 'reserved' }], 1_000),
      status: 409,
      retryAfter: '1',
      body: {
        title: 'References taken',
        detail:
          'References of this payroll belong to other payouts: p-1 (reserved). Nothing was held. ' +
          "Leave those payouts out, or hold the payroll with policy 'fit'.",
        retryable: true,
        taken: [{ reference: 'p-1', state: 'reserved' }],
      },
    },
  ],
  hold_conflict: (['amount', 'wallet', 'payee'] as const).map((difference) => ({
    name: `another ${difference} under the reference`,
    error: () => new HoldConflictError('p-1', difference),
    status: 422,
    body: {
      title: 'Conflicting payout',
      detail:
        `This reference belongs to a payout with another ${difference}; ` +
        'every payout needs a reference of its own.',
    },
  })),
  hold_state: [
    {
      name: 'a hold in another state',
      error: () => new HoldStateError('p-1', 'captured', 'released'),
      status: 409,
      body: { title: 'Hold in another state', detail: 'The hold is captured already, so it cannot be released.' },
    },
    {
      name: 'no hold',
      error: () => new HoldStateError('p-1', 'unknown', 'captured'),
      status: 409,
      body: {
        title: 'Hold in another state',
        detail: 'There is no hold with this reference, so it cannot be captured.',
      },
    },
  ],
};
