// Latency of a guarded route against the unguarded route of the same framework. Each framework has a process of its
// own, and this process generates the load: a few connections, each with one request at a time.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { interleaved, median, medianRatio } from '../measure.mjs';

const routes = ['unguarded', 'guarded', 'held'];
const serverFile = new URL('./server.mjs', import.meta.url);
/** The look-up of JPay does not matter here. */
const execArgv = ['--disable-warning=PAYOUT_GUARD_LOOKUP'];

export async function latencyBench(frameworks, { rounds, seconds, connections }) {
  const servers = frameworks.map((framework) => fork(serverFile, [framework], { execArgv }));
  const urls = await Promise.all(servers.map(async (server) => (await once(server, 'message'))[0].url));
  const load = (url, duration) => async () => {
    const milliseconds = [];
    const running = autocannon({
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: '+254712345678', amount: '0.01' }),
      connections,
      duration,
    });
    // Its own histogram has whole milliseconds.
    running.on('response', (_client, _status, _bytes, each) => milliseconds.push(each));
    const { non2xx, errors } = await running;
    if (non2xx > 0 || errors > 0 || milliseconds.length === 0)
      throw new Error(`${url}: not every request was approved`);
    milliseconds.sort((first, second) => first - second);
    const at = (part) => milliseconds[Math.floor(milliseconds.length * part)];
    return { p50: at(0.5), p99: at(0.99) };
  };
  const variants = {};
  for (const [index, framework] of frameworks.entries()) {
    for (const route of routes) variants[`${framework} ${route}`] = load(`${urls[index]}/${route}`, seconds);
  }
  for (const warmUp of Object.values(variants)) await warmUp();
  const figures = await interleaved(rounds, variants);
  for (const server of servers) server.kill();
  await Promise.all(servers.map((server) => once(server, 'exit')));

  return Object.fromEntries(frameworks.map((framework) => [framework, summary(framework, figures)]));
}

function summary(framework, figures) {
  const of = (route, part) => figures[`${framework} ${route}`].map((figure) => figure[part]);
  const summarised = (part) => ({
    milliseconds: Object.fromEntries(routes.map((route) => [route, median(of(route, part))])),
    guardedToUnguarded: medianRatio(of('guarded', part), of('unguarded', part)),
    heldToUnguarded: medianRatio(of('held', part), of('unguarded', part)),
  });
  return { p50: summarised('p50'), p99: summarised('p99') };
}
