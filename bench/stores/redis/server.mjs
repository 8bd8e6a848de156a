// Our own Redis on a unix socket. It writes nothing to disk unless configured to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export async function redisServer(...options) {
  const folder = mkdtempSync(join(tmpdir(), 'payout-guard-bench-'));
  const path = join(folder, 'socket');
  const plain = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', ''];
  const server = spawn('redis-server', [...plain, ...options], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  const admin = new Redis({ path, retryStrategy: () => 20, maxRetriesPerRequest: 250 });
  // Connection errors until the server listens.
  admin.on('error', () => {});
  await admin.ping();
  let kept = [];
  return {
    address: { path },
    version: /redis_version:(\S+)/.exec(await admin.info('server'))[1],
    /** Saves the current content as the state that {@link reset} restores. */
    async keep() {
      const keys = await admin.keys('*');
      kept = await Promise.all(keys.map(async (key) => [key, await admin.dumpBuffer(key)]));
    },
    async reset() {
      await admin.flushall('SYNC');
      for (const [key, value] of kept) await admin.restore(key, 0, value);
    },
    /** CPU time of the main thread, and the part of it spent in scripts, in microseconds since the start. */
    async cpu() {
      const [cpu, stats] = await Promise.all([admin.info('cpu'), admin.info('commandstats')]);
      const seconds = (name) => Number(new RegExp(`used_cpu_${name}_main_thread:([\\d.]+)`).exec(cpu)[1]);
      const scripts = Number(/cmdstat_evalsha:calls=\d+,usec=(\d+)/.exec(stats)?.[1] ?? 0);
      return { all: (seconds('user') + seconds('sys')) * 1e6, scripts };
    },
    async stop() {
      admin.disconnect();
      server.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
