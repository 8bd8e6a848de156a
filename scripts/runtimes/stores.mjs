// The stores that hold on in every runtime's process, each under a name of its own.
import { join } from 'node:path';
import { memoryStore } from 'payout-guard';

const { PLACE = '', FOLDER = '', REDIS_URL = '', DATABASE_URL = '' } = process.env;
// Nothing is restored in an empty database, and a busy machine may take its time.
const options = { deadlineMs: 10_000, recoveryMs: 0 };

export const stores = {
  memory: async () => ({ store: memoryStore() }),

  async sqlite() {
    const { sqliteStore } = await import('payout-guard/stores/sqlite');
    return { store: sqliteStore({ file: join(FOLDER, `${PLACE}.db`), ...options }) };
  },

  async redis() {
    const { Redis } = await import('ioredis');
    const { redisStore } = await import('payout-guard/stores/redis');
    const client = new Redis(REDIS_URL);
    client.on('error', (error) => console.error(error.message));
    const removeKeys = async () => {
      for await (const keys of client.scanStream({ match: `{${PLACE}}:*`, count: 1_000 })) {
        if (keys.length > 0) await client.unlink(...keys);
      }
      client.disconnect();
    };
    return { store: redisStore({ client, prefix: PLACE, ...options }), closeClient: removeKeys };
  },

  async postgres() {
    const { default: pg } = await import('pg');
    const { postgresStore } = await import('payout-guard/stores/postgres');
    const pool = new pg.Pool({ connectionString: DATABASE_URL });
    pool.on('error', (error) => console.error(error.message));
    const store = postgresStore({ pool, schema: PLACE, ...options });
    await store.migrate();
    const removeSchema = async () => {
      await pool.query(`DROP SCHEMA ${PLACE} CASCADE`);
      await pool.end();
    };
    return { store, closeClient: removeSchema };
  },
};
