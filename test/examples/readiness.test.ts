// The readiness route of examples/two-processes-api.ts, on a Redis that is stopped and started again.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Child, type Message } from '../processes/child.js';
import { freePort, hasRedis, RedisServer } from '../support/redis.js';
import { simulated } from './support.js';
import '../support/proof-only.js';

/** Only an API that hangs takes as long, in milliseconds. */
const patienceMs = 60_000;

(hasRedis ? describe : describe.skip)('the readiness route of an API whose store is Redis', () => {
  let redis: RedisServer;
  let api: Child<Message, Message>;
  let url: string;

  beforeEach(async () => {
    redis = await RedisServer.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}/ready`;
    const jpay = { JPAY_BASE_URL: 'http://127.0.0.1:1', JPAY_APP_KEY: 'key', JPAY_APP_SECRET: 'secret' };
    const store = { STORE: 'redis', STORE_NAME: 'readiness', REDIS_URL: redis.path };
    api = new Child(new URL('../../examples/two-processes-api.ts', import.meta.url), {
      env: { ...simulated, ...jpay, ...store, PROCESS: 'A', PORT: `${port}` },
      asWritten: true,
    });
  });
  afterEach(async () => {
    await api.kill();
    await redis[Symbol.asyncDispose]();
  });

  /** Asks until the API answers with this status, as a platform does. */
  async function answered(status: number): Promise<unknown> {
    for (const endMs = performance.now() + patienceMs; performance.now() < endMs; await sleep(50)) {
      const response = await fetch(url).catch(() => undefined);
      const body = await response?.json();
      if (response?.status === status) return body;
    }
    throw new Error(`it was never answered ${status}; the output of the API: ${api.stdout}${api.stderr}`);
  }

  it('answers 200 when the store is ready, 503 with the reason while it is stopped, and 200 again', async () => {
    expect(await answered(200)).toEqual({ recoveringForMs: 0 });
    await redis.kill();
    expect(await answered(503)).toEqual({ reason: expect.stringMatching(/\bno connection\b|connection failed/) });
    // Without a disk it starts empty: it may be asked, and approves nothing yet.
    await redis.boot();
    expect(await answered(200)).toEqual({ recoveringForMs: expect.any(Number) });
    api.signal('SIGTERM');
    expect(await api.end()).toMatchObject({ code: 0 });
  });
});
