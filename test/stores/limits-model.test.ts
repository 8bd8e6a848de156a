// Daily limits against the sum over all holds: seeded histories on every store, and mistakes that they must find.
import { createHash } from 'node:crypto';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Clock, type HoldStore, memoryStore } from 'payout-guard';
import { postgresStore } from 'payout-guard/stores/postgres';
import { redisStore } from 'payout-guard/stores/redis';
import { migrations } from '../../src/stores/postgres/migrations.generated.js';
import { directLine, type RealEngine, startEngine } from '../simulation/engines/engine.js';
import { budget, byBudget } from '../support/budget.js';
import { testDatabase } from '../support/postgres.js';
import { manualClock } from '../support/postgres-clock.js';
import { hasRedis, RedisServer, timed } from '../support/redis.js';
import { type MovableClock, runHistory } from './limits-model.js';

/** Half an hour before midnight in Nairobi. */
const startMs = Date.parse('2026-11-26T20:30:00Z');
const seeds = Array.from({ length: byBudget({ small: 2, large: 20 }) }, (_, index) => index + 1);
const options = { deadlineMs: 10_000, maxBatch: 128, recoveryMs: 0 };

function historyClock(): MovableClock & Clock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('daily limits are the sum of the holds of their day', () => {
  const engines: RealEngine[] = [];
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  it('in memory', async () => {
    for (const seed of seeds) {
      const clock = historyClock();
      await runHistory(memoryStore({ clock }), clock, seed);
    }
  });

  it.each(['sqlite', 'redis', 'postgres'] as const)('in %s', async (name) => {
    const engine = await startEngine(name);
    if (!engine) return;
    engines.push(engine);
    for (const seed of seeds) {
      const clock = historyClock();
      const store = engine.open(clock, options, directLine);
      await runHistory(store, clock, seed);
      await store.close();
      await engine.reset();
    }
  });
});

/** A mistake in the text of an engine. */
type Mutation = readonly [from: string, to: string];

(budget === 'large' ? describe : describe.skip).each<[string, Mutation, Mutation]>([
  [
    'a release gives back twice',
    ['negated(row[2]))\n  decide', 'negated(add(row[2], row[2])))\n  decide'],
    ['array_fill(counted(hold) - counted_before,', 'array_fill(2 * (counted(hold) - counted_before),'],
  ],
  [
    'a hold gives back to today instead of the day of its grant',
    [
      "local day, payee = limits:match('^(%d+) (.*)$')",
      "local day, payee = limits:match('^(%d+) (.*)$')\n" +
        '  if day and amount:byte(1) == 45 then day = whole(math.floor((now + 10800000) / 86400000)) end',
    ],
    [
      'IF hold.day >= first_kept_day AND counted(hold) <> counted_before THEN',
      'hold.day := (now_ms + 10800000) / 86400000; IF counted(hold) <> counted_before THEN',
    ],
  ],
  [
    'the check is made, and nothing is counted',
    ['if counted then count(basis.name, counted, amount) end', ''],
    ['waiting_amounts := array_fill(op.amount, ARRAY', 'waiting_amounts := array_fill(0 * op.amount, ARRAY'],
  ],
  [
    'sent counts a second time',
    [
      "row[1], row[6], row[7], row[16] = 'sent', nowText, first, second",
      "row[1], row[6], row[7], row[16] = 'sent', nowText, first, second\n      count(row[14], row[17], row[2])",
    ],
    [
      "ELSIF op.target = 'sent' THEN\n              hold.state := 'sent';",
      "ELSIF op.target = 'sent' THEN\n              counted_before := 0;\n              hold.state := 'sent';",
    ],
  ],
  [
    'a repeated request counts a second time',
    ["return 'already_held\\n'", "count(row[14], row[17], amount)\n        return 'already_held\\n'"],
    [
      'granted_holds := granted_holds + 1;\n            CONTINUE;',
      'granted_holds := granted_holds + 1;\n' +
        '            waiting := counter_keys(hold.wallet, hold.day, hold.payee);\n' +
        '            waiting_amounts := array_fill(hold.amount, ARRAY[cardinality(waiting)]);\n            CONTINUE;',
    ],
  ],
  [
    'an expiry gives nothing back',
    [
      "if row and isOver(row) then release(dueReferences[at], row, '') end",
      "if row and isOver(row) then row[17] = ''; release(dueReferences[at], row, '') end",
    ],
    [
      "h.day, h.payee, CASE h.state WHEN 'released' THEN h.amount END AS given_back",
      "h.day, h.payee, CASE h.state WHEN 'released' THEN 0 END AS given_back",
    ],
  ],
  [
    'a late capture is not counted',
    ['add(row[3], negated(held)))', "held == '0' and '0' or add(row[3], negated(held)))"],
    [
      'IF hold.day >= first_kept_day AND counted(hold) <> counted_before THEN',
      "IF answer = 'done' AND hold.day >= first_kept_day AND counted(hold) <> counted_before THEN",
    ],
  ],
  [
    'a batch that was refused counts',
    [
      'if group and not endBatch() then\n  writeStore()',
      'if group and not endBatch() then\n' +
        "  for key, counter in pairs(counters) do redis.call('SET', key, counter[1]) end\n  writeStore()",
    ],
    [
      "        counters := '{}';\n        waiting := '{}';\n        actives := actives_before;",
      '        actives := actives_before;',
    ],
  ],
])('the mistake that %s is found', (_, lua, sql) => {
  const isFound = async (open: (seed: number) => Promise<{ store: HoldStore; clock: MovableClock }>) => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let seed = 1; seed <= 8; seed++) {
      const { store, clock } = await open(seed);
      const problem = await runHistory(store, clock, seed).catch((error: Error) => error.message);
      await store.close();
      if (problem) {
        expect(problem).toMatch(/^limits-\d+: /);
        return true;
      }
    }
    return false;
  };

  (hasRedis ? it : it.skip)('in Redis', async () => {
    await using server = await RedisServer.start('--save', '3600 1');
    const client = server.client();
    const found = await isFound(async (seed) => {
      const clock = historyClock();
      const send = timed(
        mutated(([name = '', ...args]) => client.call(name, args), lua),
        clock,
      );
      return { store: redisStore({ sendCommand: send, prefix: `seed-${seed}`, ...options }), clock };
    });
    expect(found).toBe(true);
  });

  it('in PostgreSQL', async () => {
    const database = await testDatabase();
    if (!database) return;
    const pool = database.pool({ max: 2 });
    const schema = 'mutated';
    await postgresStore({ pool, schema }).migrate();
    const [, text = ''] = migrations;
    const body = text.slice(text.indexOf('CREATE FUNCTION :schema.run_batch('));
    expect(body.split(sql[0]).length).toBeGreaterThan(1);
    const replaced = body.replaceAll(sql[0], sql[1]).replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION');
    await pool.query(replaced.replaceAll(':schema', `"${schema}"`));
    const shared = await manualClock(pool as never, schema);
    await shared.step(startMs - shared.nowMs);
    const clock = { now: () => shared.nowMs, pass: (ms: number) => shared.pass(ms) };
    const found = await isFound(async () => ({ store: postgresStore({ pool, schema, ...options }), clock }));
    await database.drop();
    expect(found).toBe(true);
  });
});

/** A client whose server has scripts with a mistake. */
function mutated(
  send: (args: string[]) => Promise<unknown>,
  [from, to]: Mutation,
): (args: string[]) => Promise<unknown> {
  const digestOf = (script: string) => createHash('sha1').update(script).digest('hex');
  const digests = new Map<string, string>();
  return (args) => {
    const [name, script = '', ...rest] = args;
    if (name === 'EVAL') {
      const changed = script.split(from).join(to);
      // Only the script of batches has what is changed.
      if (script.includes('already_held')) expect(changed).not.toBe(script);
      digests.set(digestOf(script), digestOf(changed));
      return send(['EVAL', changed, ...rest]);
    }
    return name === 'EVALSHA' ? send(['EVALSHA', digests.get(script) ?? script, ...rest]) : send(args);
  };
}
