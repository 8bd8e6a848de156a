// Failures of PostgreSQL, or of a client of it, by the code of the error. Its message is not repeated, because it may
// hold secrets.
import { StoreFailure, type StoreFailureCause } from '../../core/store-failure.js';

/** The kind of cause, what happened, and what to do. */
type Known = readonly [kind: StoreFailureCause, what: string, advice: string];

const replica: Known = ['replica', 'the server is read-only (a replica, or a connection set so)', 'Use the primary.'];
const notMigrated: Known = [
  'setup',
  'tables are missing or of another version than this library',
  'Run `store.migrate()`.',
];
const statements: Known = [
  'setup',
  'a prepared statement is not known to the server',
  'A pooler in transaction mode forgets them: turn named statements off in the client, or on in the pooler.',
];
const login: Known = ['access', 'the server refused the login', 'Check the user, the password and pg_hba.conf.'];
const connections: Known = [
  'capacity',
  'the server has no connection left',
  'Lower the size of the pools, raise max_connections, or use a pooler.',
];
const starting: Known = [
  'moving',
  'the server is starting or shutting down',
  'The store works again as soon as the server does.',
];
const unreachable: Known = [
  'connection',
  'the connection failed or was cut',
  'Check the server, its address and the network.',
];
const slow: Known = ['timeout', 'a statement took too long and was ended', 'See whether the server is overloaded.'];
const exhausted: Known = [
  'capacity',
  'the pool had no connection free in time',
  'Give the store a pool of its own of 4, and look for transactions that stay open.',
];

/** By SQLSTATE, and by the code of the client or of Node.js. */
const known: Readonly<Record<string, Known | undefined>> = {
  '25006': replica,
  '26000': statements,
  '42P05': statements,
  '28000': login,
  '28P01': login,
  '3D000': ['setup', 'the database does not exist', 'Check its name in the settings of the connection.'],
  '3F000': notMigrated,
  '40001': [
    'lock',
    'a conflict with another transaction ended the statement',
    'Leave the tables of the store to the store.',
  ],
  '40P01': [
    'lock',
    'the server ended a deadlock',
    'Use wallets in the order of their names within a transaction of your own.',
  ],
  '42501': [
    'access',
    'the role lacks a right',
    'It needs USAGE on the schema and its sequence, EXECUTE on its functions, and to read and write its tables.',
  ],
  '42703': notMigrated,
  '42883': notMigrated,
  '42P01': notMigrated,
  '53100': ['capacity', 'the disk of the server is full', 'Nothing can be held until it has room.'],
  '53200': ['capacity', 'the server is out of memory or of locks', 'Raise its limits.'],
  '53300': connections,
  '53400': ['capacity', 'a limit of the server or of the role is reached', 'Raise it.'],
  '54000': ['capacity', 'a limit of the server is exceeded', 'Lower `maxBatch`.'],
  '55P03': ['lock', 'another transaction kept a lock for too long', 'Commit soon after `within`.'],
  '57014': slow,
  '57P01': starting,
  '57P02': starting,
  '57P03': starting,
  CONNECT_TIMEOUT: unreachable,
  CONNECTION_CLOSED: unreachable,
  CONNECTION_DESTROYED: unreachable,
  CONNECTION_ENDED: unreachable,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EHOSTUNREACH: unreachable,
  ENOENT: unreachable,
  ENOTFOUND: unreachable,
  EPIPE: unreachable,
  ETIMEDOUT: unreachable,
};

/** Errors of clients that have no code, by how their message begins, and the name that they get. */
const codeless: readonly (readonly [beginning: string, failure: string, ...Known])[] = [
  ['timeout exceeded when trying to connect', 'POOL', ...exhausted],
  ['Knex: Timeout acquiring a connection', 'POOL', ...exhausted],
  ['Query read timeout', 'TIMEOUT', ...slow],
  ['Connection terminated', 'CLOSED', ...unreachable],
  ['Client has encountered a connection error', 'CLOSED', ...unreachable],
  [
    'Cannot use a pool after calling end',
    'ENDED',
    'setup',
    'the pool was ended',
    'Close the guard and the store first.',
  ],
];

const unknownAdvice = 'See the log of the server.';

/** The code of an error: its own, or that of its cause, as clients that wrap the errors of others have it. */
export function codeOf(error: unknown): string | undefined {
  for (let one = error, depth = 0; depth < 4 && typeof one === 'object' && one !== null; depth++) {
    const { code, cause, meta } = one as { code?: unknown; cause?: unknown; meta?: { code?: unknown } };
    for (const each of [meta?.code, code]) {
      if (typeof each === 'string' && (each in known || /^[0-9A-Z]{5}$/.test(each))) return each;
    }
    one = cause;
  }
  return undefined;
}

export function notMigratedFailure(): StoreFailure {
  return new StoreFailure('VERSION', ...notMigrated);
}

export function replicaFailure(): StoreFailure {
  return new StoreFailure('25006', ...replica);
}

export function postgresFailure(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const code = codeOf(error);
  if (code !== undefined) {
    const unknown: Known = code.startsWith('08')
      ? unreachable
      : ['other', 'PostgreSQL returned an error', unknownAdvice];
    return new StoreFailure(code, ...(known[code] ?? unknown));
  }
  const message = String((error as { message?: unknown } | null)?.message);
  const [, ...found] = codeless.find(([beginning]) => message.startsWith(beginning)) ?? [];
  return found.length === 4
    ? new StoreFailure(...(found as [string, ...Known]))
    : new StoreFailure('UNKNOWN', 'other', 'the client failed', unknownAdvice);
}
