// Checks of the store, of the processes and of the versions.
import { isPayoutGuardError } from '../../core/errors.js';
import { isStoreFailure } from '../../core/store-failure.js';
import { counted, durationText } from '../output/text.js';
import type { Facts } from './facts.js';
import { type Finding, findings } from './finding.js';
import { clockFinding } from './provider-checks.js';
import { isWithin } from './versions.js';

type Check = (facts: Facts) => readonly Finding[];

/** The store answers and can be written to. */
const store: Check = ({ store: { name, error } }) => {
  const { ok, problem } = findings('store');
  // The memory of this command, which proves nothing about that of a service.
  if (name === 'memory' && error === undefined) return [];
  if (error === undefined) return [ok(`${name}: answers, and can be written to`)];
  const failure = isPayoutGuardError(error) ? error.cause : error;
  if (isStoreFailure(failure)) return [problem(`${name}: ${failure.what} (${failure.failure})`, failure.advice)];
  const what = isPayoutGuardError(error) ? error.message : 'an unexpected error';
  return [problem(`${name}: ${what}`, 'Look at the log of the database.')];
};

/** Settings of the database that lose data, or a client that ends the process. */
const settings: Check = ({ store: { name, concerns } }) =>
  concerns.map(({ what, advice }) => findings('settings').warning(`${name}: ${what}`, advice));

/** A store in memory is for one process. */
const memory: Check = ({ store: { name }, env, warnings }) => {
  if (name !== 'memory') return [];
  const { warning, problem } = findings('memory');
  const advice =
    'Use sqliteStore on one host, otherwise postgresStore or redisStore. Until then doctor cannot see the holds of ' +
    'your services.';
  const several =
    Number(env.WEB_CONCURRENCY ?? '1') > 1 ||
    env.NODE_APP_INSTANCE !== undefined ||
    warnings.some(({ code }) => code === 'PAYOUT_GUARD_MEMORY_STORE');
  if (several)
    return [
      problem('memory: several processes have a store of their own, and each promises the whole balance', advice),
    ];
  return [warning('memory: holds are lost when their process ends, and other processes do not see them', advice)];
};

const recovery: Check = ({ store: { name, readiness } }) => {
  if (!readiness || readiness.recoveringForMs === 0) return [];
  const title = `${name}: lost data, or is new, and approves nothing for ${durationText(readiness.recoveringForMs)}`;
  return [findings('recovery').warning(title, 'See "Data loss in a store" in docs/operations.md.')];
};

const clock: Check = ({ store: { name, readiness } }) =>
  readiness ? [clockFinding(`${name}: the clock of the store`, readiness.clockAheadMs)] : [];

/** No payout waits for its outcome too long. */
const overdue: Check = ({ store: { name, overdue: holds, error }, overdueAfterMs, nowMs }) => {
  const { ok, problem } = findings('overdue');
  const [oldest] = holds;
  if (error !== undefined || (name === 'memory' && !oldest)) return [];
  if (!oldest) return [ok(`no payout is without an outcome for ${durationText(overdueAfterMs)}`)];
  const age = durationText(nowMs - (oldest.sentAt ?? oldest.createdAt).getTime());
  const title = `${counted(holds.length, 'payout')} without an outcome; the oldest, ${oldest.reference}, for ${age}`;
  return [problem(title, 'payout-guard reconcile asks the provider; payout-guard hold REFERENCE shows one.')];
};

const observing: Check = ({ observes }) =>
  observes
    ? [findings('observing').warning('this guard only observes: it refuses no payout', 'Remove observing().')]
    : [];

const history: Check = ({ hasHistory }) => {
  const { ok, warning } = findings('history');
  if (hasHistory) return [ok('what operators do is recorded')];
  return [warning('what operators do is not recorded', 'Export `history` from the guard module (docs/history.md).')];
};

/** Node.js and the packages beside this one have versions that it works with. */
const versions: Check = ({ versions: { node, own, peers } }) => {
  const { ok, problem } = findings('versions');
  const range = own?.engines?.node ?? '>=20';
  const name = own ? `payout-guard ${own.version} on Node.js ${node}` : `Node.js ${node}`;
  const found = [isWithin(node, range) ? ok(name) : problem(`${name}: it needs ${range}`, 'Update Node.js.')];
  for (const [peer, version] of Object.entries(peers)) {
    const wanted = own?.peerDependencies?.[peer] ?? '';
    if (isWithin(version, wanted)) continue;
    found.push(problem(`${peer} ${version} is not ${wanted}`, `npm install "${peer}@${wanted}"`));
  }
  return found;
};

/** Codes of warnings that have a check of their own here, or are of this command alone. */
const checked = new Set(
  ['ACCOUNT', 'MEMORY_STORE', 'MEMORY_LOST', 'OBSERVE', 'OVERDUE', 'NEVER_SEEN', 'POSTGRES', 'REDIS', 'STORE'].map(
    (name) => `PAYOUT_GUARD_${name}`,
  ),
);

/** Warnings of the process while the module was loaded and its parts were asked. */
const warned: Check = ({ warnings }) =>
  warnings
    .filter(({ code }) => !checked.has(code))
    .map(({ code, message }) =>
      findings('warning').warning(message, `${code}: see "Process warnings" in docs/operations.md.`),
    );

export const setupChecks: readonly Check[] = [
  store,
  settings,
  memory,
  recovery,
  clock,
  overdue,
  observing,
  history,
  versions,
  warned,
];
