// What an operator can do about an error of the database or of its client, by the code of the error. Its message is not repeated:
// it may hold secrets.

export const notMigrated = 'tables are missing or of another version than this library; run `store.migrate()`';
export const readOnly = 'the server is read-only (a replica, or a connection set so); use the primary';
const statements =
  'a prepared statement is not known to the server: a pooler in transaction mode forgets them; turn named statements off in the client, or on in the pooler';
const login = 'the server refused the login; check the user, the password and pg_hba.conf';
const connections =
  'the server has no connection left; lower the size of the pools, raise max_connections, or use a pooler';
const starting = 'the server is starting or shutting down; it works again as soon as the server does';
const unreachable = 'the connection failed or was cut; check the server, its address and the network';
const exhausted =
  'the pool had no connection free in time; give the store a pool of its own of 4, and look for transactions that stay open';
const slow = 'the client or the server ended a statement that took too long; see whether the server is overloaded';

/** By SQLSTATE, by the code of the client or of Node.js, and by the code of our own errors. */
const advices: Readonly<Record<string, string | undefined>> = {
  '25006': readOnly,
  configuration: readOnly,
  '26000': statements,
  '42P05': statements,
  '28000': login,
  '28P01': login,
  '3D000': 'the database does not exist; check its name in the settings of the connection',
  '3F000': notMigrated,
  '40001':
    'a conflict with another transaction ended the statement; repeat the payout, and leave the tables of the store to the store',
  '40P01':
    'the server ended a deadlock; repeat the payout, and use wallets in the order of their names within a transaction of your own',
  '42501':
    'the role lacks a right; it needs USAGE on the schema and its sequence, EXECUTE on its functions, and to read and write its tables',
  '42703': notMigrated,
  '42883': notMigrated,
  '42P01': notMigrated,
  '53100': 'the disk of the server is full; nothing can be held until it has room',
  '53200': 'the server is out of memory or of locks; raise its limits',
  '53300': connections,
  '53400': 'a limit of the server or of the role is reached; raise it',
  '54000': 'a limit of the server is exceeded; lower `maxBatch`',
  '55P03': 'another transaction kept a lock for too long; commit soon after `within`',
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

/** Errors of clients that have no code, by how their message begins. */
const codeless: readonly (readonly [string, string])[] = [
  ['timeout exceeded when trying to connect', exhausted],
  ['Knex: Timeout acquiring a connection', exhausted],
  ['Query read timeout', slow],
  ['Connection terminated', unreachable],
  ['Client has encountered a connection error', unreachable],
  ['Cannot use a pool after calling end', 'the pool was ended; close the guard and the store first'],
];

/** The code of an error: its own, or that of its cause, as clients that wrap the errors of others have it. */
export function codeOf(error: unknown): string | undefined {
  for (let one = error, depth = 0; depth < 4 && typeof one === 'object' && one !== null; depth++) {
    const { code, cause, meta } = one as { code?: unknown; cause?: unknown; meta?: { code?: unknown } };
    for (const each of [meta?.code, code]) {
      if (typeof each === 'string' && (each in advices || /^[0-9A-Z]{5}$/.test(each))) return each;
    }
    one = cause;
  }
  return undefined;
}

export function adviceOn(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code !== undefined) return advices[code] ?? (code.startsWith('08') ? unreachable : undefined);
  const message = String((error as { message?: unknown } | null)?.message);
  return codeless.find(([beginning]) => message.startsWith(beginning))?.[1];
}
