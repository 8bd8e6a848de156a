// npm run bench: the cost of the guard, measured against alternatives in the same run. Prints ratios and writes
// bench/results/guard.json. Plain JavaScript on the built package, without a loader, as in production.
import { mkdirSync, writeFileSync } from 'node:fs';
import { callBench } from './calls.mjs';
import { coldBench } from './cold.mjs';
import { mutexBench, openHoldsBench } from './holds.mjs';
import { httpBench } from './http.mjs';

const results = {
  node: process.version,
  // First, because the benches below leave a large heap that would slow down the load.
  http: await httpBench(),
  calls: await callBench(),
  cold: await coldBench(),
  mutex: await mutexBench(),
  openHolds: await openHoldsBench(),
};
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/guard.json', `${JSON.stringify(results, undefined, 2)}\n`);

const { http, calls, cold, mutex, openHolds } = results;
const { requestsPerSecond: perSecond } = http;
const { nanoseconds } = calls;
const ratio = (value) => `${value.toFixed(2)}x`;
const line = (rates) => `mutex ${rates.mutexPerSecond}  withHold ${rates.guardPerSecond}  ${ratio(rates.guardToMutex)}`;
console.log(`
(a) HTTP, POST with a JSON body, ${http.connections} connections, median of ${http.rounds} interleaved rounds
    unguarded route            ${perSecond.unguarded} requests/s
    with our check, warm       ${perSecond.guarded} requests/s  ${ratio(http.guardedToUnguarded)} of unguarded
    payoutRoute, holding       ${perSecond.held} requests/s  ${ratio(http.heldToUnguarded)} of unguarded
    with express-rate-limit    ${perSecond.limited} requests/s  ${ratio(http.limitedToUnguarded)} of unguarded
    our check against express-rate-limit                    ${ratio(http.guardedToLimited)}
(b) assertSufficientFunds on a remembered balance, median of ${calls.rounds} interleaved rounds
    written by hand (lru-cache, Decimal, compare)  ${nanoseconds.handWritten} ns
    ours                                           ${nanoseconds.ours} ns  ${ratio(calls.oursToHandWritten)} as fast
(c) requests to the provider for ${cold.checks} concurrent checks on a cold cache: ${cold.requests}
(d) payouts per second on one wallet, ${mutex.callers} callers
    instant payment    ${line(mutex.instant)}
    50 ms payment      ${line(mutex.fiftyMs)}
(e) a hold and its capture, by how many holds are open
${Object.entries(openHolds.nanoseconds)
  .map(([open, each]) => `    ${open.padStart(9)} open    ${each} ns`)
  .join('\n')}
    most against fewest: ${ratio(openHolds.mostToFewest)}; an open hold weighs ${openHolds.bytesPerOpenHold} bytes
`);
