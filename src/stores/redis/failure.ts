// Failures of Redis, and what to do about each. Only the code of an error is read: its text may hold secrets.
import { StoreFailure, type StoreFailureCause } from '../../core/store-failure.js';

const connectionAdvice = 'Check that Redis runs and can be reached; the client reconnects by itself.';
const unknownAdvice = 'Look at the log of the server.';
const movingAdvice =
  'No action needed if the slot is being moved or a failover is under way; otherwise run `redis-cli --cluster check`.';

/** By the first word of an error reply: the kind of cause, what happened, and the advice. */
const replies: Readonly<Record<string, readonly [StoreFailureCause, string, string]>> = {
  NOAUTH: ['access', 'Redis asks for a password', 'Give the client the credentials of the server.'],
  WRONGPASS: ['access', 'Redis refused the password', 'Correct the credentials of the client.'],
  NOPERM: [
    'access',
    'the user may not run a command or use a key',
    'Grant what docs/stores.md lists, with ACL SETUSER.',
  ],
  READONLY: [
    'replica',
    'the client is connected to a replica',
    'Connect it to the primary: by Sentinel, by the cluster, or at another address.',
  ],
  OOM: [
    'capacity',
    'Redis is out of memory',
    'Raise maxmemory, or remember references for a shorter time (`rememberMs`).',
  ],
  MOVED: [
    'setup',
    'another node of the cluster owns the keys',
    'Pass a cluster client as `client`; a `sendCommand` must route by the hash tag of the store.',
  ],
  ASK: ['moving', 'the slot of the store is being moved', movingAdvice],
  TRYAGAIN: ['moving', 'the slot of the store is being moved', movingAdvice],
  MOVING: [
    'damaged',
    'part of the store is missing',
    'If a slot is being moved, finish it. Otherwise keys were deleted or evicted: freeze the wallets and reconcile.',
  ],
  PROTOCOL: ['setup', 'a later version of payout-guard has changed the keys', 'Update payout-guard.'],
  CROSSSLOT: [
    'setup',
    'the keys of a command are in different slots',
    'Do not change the keys on their way to the server.',
  ],
  CLUSTERDOWN: ['moving', 'the cluster has no owner for the slot', movingAdvice],
  NOREPLICAS: ['replica', 'too few replicas are connected', 'Bring them back, or lower min-replicas-to-write.'],
  BUSY: [
    'lock',
    'a script of another client blocks the server',
    'Find it in the slow log; SCRIPT KILL ends one that has written nothing.',
  ],
  LOADING: ['moving', 'Redis is starting', 'No action needed: it answers when its data is loaded.'],
  MISCONF: ['damaged', 'Redis cannot write to its disk', 'Free the disk, and look at the log of the server.'],
  MASTERDOWN: [
    'replica',
    'the client is connected to a replica without a primary',
    'Restore the primary, or fail over.',
  ],
  UNKILLABLE: ['lock', 'a script of another client blocks the server', 'Find it in the slow log.'],
  NOPROTO: ['setup', 'the server is too old', 'Use Redis 7 or later, or Valkey.'],
};

/** Codes of errors that Node.js makes when a connection fails. */
const connectionCodes = /^(E[A-Z]{3,}|ERR_SOCKET\w*|ERR_TLS\w*)$/;
/** Names of errors that the clients make when a connection fails. */
const connectionNames = /^(Client|Socket|Connection|Disconnects|Reconnect|MaxRetries|Abort|NoOwner|RootNodes)\w*Error$/;
/** A script that runs a command, or uses a key, that the user may not: the words of Redis 7.2 and later, and of 7.0. */
const refusedInScript = /^ERR (ACL failure in script|The user executing the script can't)/;
const connectionTexts = /^(Connection is closed|Stream isn't writeable|Command aborted|Socket closed|.*offline queue)/;

export function redisFailure(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  const text = String(message ?? '');
  const word = refusedInScript.test(text) ? 'NOPERM' : (/^[A-Z]+(?=[ :]|$)/.exec(text)?.[0] ?? '');
  const known = replies[word];
  if (known) return new StoreFailure(word, ...known);
  for (const one of [code, name]) {
    if (typeof one === 'string' && (connectionCodes.test(one) || connectionNames.test(one))) {
      return new StoreFailure(one, 'connection', 'the connection failed', connectionAdvice);
    }
  }
  if (connectionTexts.test(text))
    return new StoreFailure('CLOSED', 'connection', 'the connection failed', connectionAdvice);
  if (name === 'TimeoutError' || name === 'CommandTimeoutError' || text === 'Command timed out') {
    return new StoreFailure(
      'TIMEOUT',
      'timeout',
      'the client gave up waiting',
      'Set its command timeout longer than `deadlineMs`.',
    );
  }
  return new StoreFailure(word === '' ? 'UNKNOWN' : word, 'other', 'Redis returned an error', unknownAdvice);
}
