// The Redis measurements and their servers.
import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../ours.mjs';
import { contenders } from './contenders.mjs';
import { redisServer } from './server.mjs';

export async function redisEngine(only) {
  const memory = await redisServer();
  const onDisk = await redisServer('--appendonly', 'yes', '--appendfsync', 'everysec');
  const servers = [memory, onDisk];
  // A new store approves nothing during its recovery window. All rounds run in the epoch that begins here.
  for (const server of servers) {
    const { close } = await contenders.ours.open(server.address);
    await close();
    await server.keep();
  }
  await sleep(epochMs);
  const keys = Object.keys(contenders).filter((key) => !only || only.includes(key));
  const lines = keys.map((key) => ({ key, title: contenders[key].title, contender: contenders[key], target: memory }));
  if (!only) lines.push({ ...lines[0], title: 'payout-guard, appendonly everysec', target: onDisk });
  return {
    name: 'redis',
    about:
      `Redis ${memory.version} on a unix socket, one connection for each process. ` +
      'Persistence is off: no save, no appendonly.',
    forMs: 200,
    lines,
    library: contenders.ours,
    target: memory,
    stop: () => Promise.all(servers.map((server) => server.stop())),
  };
}
