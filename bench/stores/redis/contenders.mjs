// Ways to hold money in Redis. Each takes a wallet and a reference and returns whether the hold was granted. Each has
// one connection.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redlock } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import { redisStore } from 'payout-guard/stores/redis';
import { RedisStore } from 'rate-limit-redis';
import { collectingByWallet } from '../collect.mjs';
import { holder, patient, watched } from '../ours.mjs';
import { amountMinor, limitMinor, metadata } from '../payout.mjs';

const amount = `${amountMinor}`;

const both = ['limit', 'reference'];

export const contenders = {
  ours: { title: 'payout-guard', keeps: both, open: ours },
  handBatch: { title: 'a batch by hand', keeps: both, open: handBatch },
  handSingle: { title: 'one EVALSHA for each hold', keeps: both, open: handSingle },
  addOnly: { title: 'one EVALSHA, a total only: no reference, no row', keeps: ['limit'], open: addOnly },
  redlock: { title: 'redlock around check and hold', keeps: both, open: redlock },
  rateLimit: { title: 'rate-limit-redis: counts, knows no money', keeps: [], open: rateLimit },
};

/** @param onCall called with each command that the store sends */
async function ours(address, { limit, name = 'bench', onCall } = {}) {
  const client = new Redis(address);
  const seen = watched(client, 'call', onCall);
  const store = redisStore({ client: seen, prefix: name, ...patient });
  return {
    ...(await holder(store, limit)),
    client,
    async close() {
      await store.close();
      client.disconnect();
    },
  };
}

async function handBatch(address, { limit = limitMinor } = {}) {
  const client = new Redis(address);
  const digest = await known(client, 'hold-many.lua');
  const holdMany = collectingByWallet((wallet, references) => {
    const args = [];
    for (const reference of references) args.push(reference, amount, JSON.stringify(metadata));
    const keys = [`{hand}wallet:${wallet}`, '{hand}open', '{hand}hold:'];
    return client.evalsha(digest, 3, ...keys, wallet, `${limit}`, 'sent', ...args);
  });
  return {
    hold: async (wallet, reference) => (await holdMany(wallet, reference)) === 1,
    close: async () => client.disconnect(),
  };
}

async function handSingle(address, { limit = limitMinor } = {}) {
  const client = new Redis({ ...address, enableAutoPipelining: true });
  const digest = await known(client, 'hold-one.lua');
  return {
    async hold(wallet, reference) {
      const keys = [`{hand}hold:${reference}`, `{hand}wallet:${wallet}`, '{hand}open'];
      const args = [reference, wallet, amount, `${limit}`, 'sent', JSON.stringify(metadata)];
      const [granted] = await client.evalsha(digest, 3, ...keys, ...args);
      return granted === 1;
    },
    close: async () => client.disconnect(),
  };
}
async function addOnly(address, { limit = limitMinor } = {}) {
  const client = new Redis({ ...address, enableAutoPipelining: true });
  const digest = await known(client, 'add-only.lua');
  return {
    hold: async (wallet) => (await client.evalsha(digest, 1, `{hand}total:${wallet}`, amount, `${limit}`)) === 1,
    close: async () => client.disconnect(),
  };
}
async function redlock(address, { limit = limitMinor } = {}) {
  const client = new Redis({ ...address, enableAutoPipelining: true });
  // The default delay before another attempt is 200 ms. These settings suit a busy wallet better.
  const locks = new Redlock([client], { retryCount: -1, retryDelay: 30, retryJitter: 30 });
  return {
    async hold(wallet, reference) {
      const lock = await locks.acquire([`{hand}lock:${wallet}`], 10_000);
      try {
        const row = `{hand}hold:${reference}`;
        const [taken, totals] = await Promise.all([
          client.get(row),
          client.hmget(`{hand}wallet:${wallet}`, 'active', 'captured'),
        ]);
        const [active, captured] = totals.map((total) => BigInt(total ?? 0));
        if (taken !== null || active + captured + amountMinor > limit) return false;
        const now = Date.now();
        await client
          .multi()
          .set(row, [wallet, 'sent', amount, now, now, JSON.stringify(metadata)].join('\n'))
          .hincrby(`{hand}wallet:${wallet}`, 'active', amount)
          .zadd('{hand}open', now, reference)
          .exec();
        return true;
      } finally {
        await lock.release();
      }
    },
    close: async () => client.disconnect(),
  };
}
async function rateLimit(address) {
  const client = new Redis({ ...address, enableAutoPipelining: true });
  const store = new RedisStore({ sendCommand: (command, ...args) => client.call(command, args) });
  await store.init({ windowMs: 60_000 });
  return {
    hold: async (wallet) => (await store.increment(wallet)).totalHits > 0,
    close: async () => client.disconnect(),
  };
}
async function known(client, file) {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  await client.script('LOAD', source);
  return createHash('sha1').update(source).digest('hex');
}
