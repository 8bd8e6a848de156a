// Engines of several servers, and what may happen to each.
import { hasPgBouncer } from '../../support/pgbouncer.js';
import { hasInitdb } from '../../support/postgres.js';
import { hasRedis } from '../../support/redis.js';
import type { Backend } from '../engines.js';
import type { ProcessPool } from '../process.js';
import type { Promised, Scenario } from '../scenarios.js';
import { Session } from '../session.js';
import { ClusterEngine, clusterScenarios } from './cluster.js';
import { BouncerEngine, bouncerScenarios } from './pgbouncer.js';
import { ReplicaEngine, replicaScenarios } from './replica.js';
import { SentinelEngine, sentinelScenarios } from './sentinel.js';

/** A scenario with the engine that it needs. */
export interface Case extends Promised {
  open(pool: ProcessPool): Promise<Session>;
}

export interface Topology {
  readonly name: string;
  /** The program that is not installed here. */
  readonly missing: string | undefined;
  readonly cases: readonly Case[];
  /** The one that `npm run test:proof` runs. */
  readonly inProof: string;
}

const noRedis = hasRedis ? undefined : 'redis-server';
const noPostgres = hasInitdb ? undefined : 'initdb';

export const topologies: readonly Topology[] = [
  {
    name: 'cluster',
    missing: noRedis,
    cases: clusterScenarios.map((one) => caseOf(one, () => ClusterEngine.start(one))),
    inProof: 'master-killed',
  },
  {
    name: 'sentinel',
    missing: noRedis,
    cases: sentinelScenarios.map((one) => caseOf(one, () => SentinelEngine.start(one))),
    inProof: 'planned',
  },
  {
    name: 'replica',
    missing: noPostgres,
    cases: replicaScenarios.map((one) => caseOf(one, () => ReplicaEngine.start(one))),
    inProof: 'synchronous',
  },
  {
    name: 'pgbouncer',
    missing: noPostgres ?? (hasPgBouncer ? undefined : 'pgbouncer'),
    cases: bouncerScenarios.map((one) => caseOf(one, () => BouncerEngine.start())),
    inProof: 'restart-engine',
  },
];

function caseOf<B extends Backend>(scenario: Scenario<B>, start: () => Promise<B>): Case {
  return { ...scenario, open: async (pool) => Session.of(scenario, await start(), pool) };
}
