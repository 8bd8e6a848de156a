// Results of a framework that differ from the table, and why. Nothing else may differ.
import type { Ending } from './ending.js';
import { doubted, unpaid } from './results.js';

export const adapterNames = [
  'Express 5',
  'Express 4',
  'Fastify',
  'Hono',
  'Koa',
  'Nest on Express',
  'Nest on Fastify',
  'fetch',
] as const;
export type AdapterName = (typeof adapterNames)[number];

export interface Deviation {
  readonly adapters: readonly AdapterName[];
  /** A sentence for docs/endings.md. */
  readonly reason: string;
  readonly concerns: (ending: Ending) => boolean;
  /** The fields that differ; `'impossible'` when the framework has no such ending. */
  readonly instead: (ending: Ending) => Partial<Ending> | 'impossible';
}

const nest = ['Nest on Express', 'Nest on Fastify'] as const;

const hasOwnErrors = (ending: Ending): boolean => ending.meanwhile === 'errors are answered by the application';

/** Returns true if the handler ends with an error that another package has given a status. */
function endsWithStatusOfOthers(ending: Ending): boolean {
  return /^throws an (HTTP client )?error of status/.test(endOf(ending));
}

/** Returns true if the framework answers that error: no other layer has, and the client is there. */
const isAnsweredByFramework = ({ meanwhile }: Ending): boolean =>
  !/timeout layer|client leaves/.test(String(meanwhile));

const sent = { hold: 'sent', retry: '409 payout_in_progress' } as const;
const captured = { hold: 'captured', retry: '409 duplicate_reference' } as const;

export const deviations: readonly Deviation[] = [
  {
    adapters: ['Hono', 'fetch', ...nest],
    reason: 'Answers an error of other code with 500, and not with the status that the error carries.',
    concerns: (ending) => endsWithStatusOfOthers(ending) && isAnsweredByFramework(ending) && !hasOwnErrors(ending),
    instead: ({ warns = [] }) => ({ answer: '500', ...(warns.length > 0 && { warns: [] }) }),
  },
  {
    adapters: ['Fastify'],
    reason: 'Shows the `code` of an error of other code.',
    concerns: ({ payment, handler }) => payment === 'throws a refused connection' && handler === 'passes the error on',
    instead: () => ({ answer: '500 ECONNREFUSED' }),
  },
  {
    adapters: ['Fastify'],
    reason:
      'Runs no error handler once another layer has answered, so a rejection that no `pay` has seen frees nothing.',
    concerns: ({ route, payment, meanwhile = '' }) =>
      route === 'requireSufficientFunds' &&
      payment === 'throws PayoutRejectedError' &&
      meanwhile.includes('timeout layer'),
    instead: () => sent,
  },
  {
    adapters: ['Hono', 'fetch', ...nest],
    reason: 'The answer is what the handler returns, so there is none before it ends.',
    concerns: ({ handler }) => handler === 'answers 202 before it pays',
    instead: () => 'impossible',
  },
  {
    adapters: ['Hono', 'fetch', 'Nest on Express'],
    reason:
      '`verdictOn` judges what the handler returned. That its body or connection breaks off afterwards changes ' +
      'nothing.',
    concerns: ({ route, handler }) => route === 'requireSufficientFunds' && handler === 'breaks off its answer',
    instead: () => captured,
  },
  {
    adapters: ['Express 5', 'Express 4'],
    reason: 'Waits for the answer of a handler that has ended without one.',
    concerns: ({ handler }) => handler === 'returns nothing',
    instead: () => ({ answer: 'none' }),
  },
  {
    adapters: ['Fastify'],
    reason: 'Answers 200 when a handler returns nothing.',
    concerns: ({ handler }) => handler === 'returns nothing',
    instead: ({ route }) => ({ answer: '200', ...(route !== 'payoutRoute' && { warns: doubted }) }),
  },
  {
    adapters: nest,
    reason: 'Answers 201 to a POST when a handler returns nothing.',
    concerns: ({ handler }) => handler === 'returns nothing',
    instead: ({ route, payment }) => {
      if (route !== 'payoutRoute') return { answer: '201', warns: doubted };
      return { answer: '201', ...(!payment && { warns: unpaid }) };
    },
  },
  {
    adapters: ['Hono'],
    reason: 'Answers 500 when the handler behind a guard returns nothing.',
    concerns: ({ route, handler }) => route === 'requireSufficientFunds' && handler === 'returns nothing',
    instead: () => ({ answer: '500', warns: doubted }),
  },
  {
    adapters: ['Koa'],
    reason: 'Answers 404 when the handler behind a guard has not answered.',
    concerns: ({ route, handler }) => route === 'requireSufficientFunds' && handler === 'returns nothing',
    instead: () => ({ answer: '404', warns: doubted }),
  },
  {
    adapters: ['Koa'],
    reason: 'Answers 404 when a handler has neither answered nor paid.',
    concerns: ({ route, handler, payment }) => route === 'payoutRoute' && handler === 'returns nothing' && !payment,
    instead: () => ({ answer: '404' }),
  },
  {
    adapters: ['fetch'],
    reason: '`holdFetch` and `guardFetch` answer the errors of the guard themselves. Nothing around them sees those.',
    concerns: (ending) => hasOwnErrors(ending) && /HoldStateError|PayoutRejectedError/.test(endOf(ending)),
    instead: ({ made, payment }) =>
      made > 0
        ? { answer: '409 payout_in_progress' }
        : payment === 'throws PayoutRejectedError'
          ? { hold: 'failed', retry: '409 duplicate_reference' }
          : {},
  },
  {
    adapters: ['fetch'],
    reason: '`verdictOn` is not asked about an error that the handler throws: there is no `Response`.',
    concerns: (ending) =>
      ending.route === 'requireSufficientFunds' && hasOwnErrors(ending) && endsWithStatusOfOthers(ending),
    instead: () => ({ warns: [] }),
  },
  {
    adapters: ['fetch'],
    reason:
      'A layer around a function cannot be seen from inside: the handler runs although the layer has answered, and ' +
      '`verdictOn` judges the `Response` of the handler.',
    concerns: ({ meanwhile = '', payment }) => /layer answers/.test(meanwhile) && payment === 'completed',
    instead: ({ route, handler, meanwhile = '' }) => {
      const isDoubted = route === 'requireSufficientFunds' && handler === 'answers 404';
      if (route === 'requireSufficientFunds, holdOf(res).pay') return {};
      if (isDoubted && meanwhile.includes('during')) return { warns: doubted };
      return { ...captured, made: 1 };
    },
  },
];

/** The error that the handler ends with, or its other end. */
function endOf({ payment, handler }: Ending): string {
  return handler === 'passes the error on' ? String(payment) : handler;
}

/** The rows for a framework. Later deviations change what earlier ones have left. */
export function endingsOf(name: AdapterName, rows: readonly Ending[]): readonly Ending[] {
  return rows.flatMap((row) => {
    let ending = row;
    for (const { adapters, concerns, instead } of deviations) {
      if (!adapters.includes(name) || !concerns(row)) continue;
      const changed = instead(ending);
      if (changed === 'impossible') return [];
      ending = { ...ending, ...changed };
    }
    return [ending];
  });
}
