// (a) HTTP throughput of one Express 5 app: an unguarded route, the same route with our check on a warm cache, the same
// with express-rate-limit, and a payoutRoute that holds, pays and captures. The app runs in its own process. This
// process generates the load.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { interleaved, median, medianRatio } from './measure.mjs';

const rounds = 9;
const connections = 64;
const secondsPerRound = 2;

export async function httpBench() {
  const server = fork(new URL('./http-server.mjs', import.meta.url));
  const [{ url }] = await once(server, 'message');
  const load = (path) => async () => {
    const result = await autocannon({
      url: `${url}${path}`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: '+254712345678', amount: '0.01' }),
      connections,
      duration: secondsPerRound,
    });
    if (result.non2xx > 0 || result.errors > 0 || result.requests.total === 0)
      throw new Error(`${path}: not every request was approved`);
    return result.requests.average;
  };
  const paths = { unguarded: '/unguarded', guarded: '/guarded', held: '/held', limited: '/limited' };
  const variants = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, load(path)]));
  for (const warmUp of Object.values(variants)) await warmUp();
  const figures = await interleaved(rounds, variants);
  server.kill();
  await once(server, 'exit');

  return {
    rounds,
    connections,
    requestsPerSecond: Object.fromEntries(
      Object.entries(figures).map(([name, values]) => [name, Math.round(median(values))]),
    ),
    guardedToUnguarded: medianRatio(figures.guarded, figures.unguarded),
    heldToUnguarded: medianRatio(figures.held, figures.unguarded),
    limitedToUnguarded: medianRatio(figures.limited, figures.unguarded),
    guardedToLimited: medianRatio(figures.guarded, figures.limited),
  };
}
