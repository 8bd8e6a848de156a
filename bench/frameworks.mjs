// npm run bench:frameworks: the cost of the adapters, per framework. The latency of a guarded route against the
// unguarded route beside it, and the import of each adapter against an empty process and against the framework alone.
// Variants take turns, and ratios are medians of those within each round. Writes bench/results/frameworks.json.
//
// Options: --rounds 9, --seconds 1, --connections 8, --framework express,fastify,hono,koa,nest
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { importBench } from './frameworks/imports.mjs';
import { latencyBench } from './frameworks/latency.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '8' },
    framework: { type: 'string', default: 'express,fastify,hono,koa,nest' },
  },
});
const frameworks = values.framework.split(',');
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);

const results = {
  node: process.version,
  rounds,
  seconds,
  connections,
  latency: await latencyBench(frameworks, { rounds, seconds, connections }),
  imports: await importBench(frameworks, { rounds }),
};
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/frameworks.json', `${JSON.stringify(results, undefined, 2)}\n`);

const ms = (value) => `${value.toFixed(2)} ms`.padStart(10);
const ratio = (value) => `${value.toFixed(2)}x`.padStart(7);
console.log(`
(a) latency, POST with a JSON body, ${connections} connections, median of ${rounds} interleaved rounds of ${seconds} s
    unguarded route; with our check on a warm cache; payoutRoute, holding: as multiples of it`);
for (const [framework, parts] of Object.entries(results.latency)) {
  for (const [part, { milliseconds, guardedToUnguarded, heldToUnguarded }] of Object.entries(parts)) {
    const line = `${ms(milliseconds.unguarded)}  checked ${ratio(guardedToUnguarded)}  held ${ratio(heldToUnguarded)}`;
    console.log(`    ${framework.padEnd(8)} ${part} ${line}`);
  }
}
const { emptyMilliseconds, core, web } = results.imports;
console.log(`
(b) a process that imports and ends, median of ${rounds} interleaved rounds
    an empty process  ${ms(emptyMilliseconds)}
    payout-guard      ${ms(core.milliseconds)}  ${ratio(core.ratio)} of an empty process
    payout-guard/web  ${ms(web.milliseconds)}  ${ratio(web.ratio)} of an empty process`);
for (const framework of frameworks) {
  const { aloneMilliseconds, adapterToEmpty, guardedToAlone } = results.imports[framework];
  console.log(
    `    ${framework.padEnd(8)} alone ${ms(aloneMilliseconds)}` +
      `  its adapter ${ms(adapterToEmpty.milliseconds)}  ${ratio(adapterToEmpty.ratio)} of an empty process` +
      `  with guard and adapter ${ms(guardedToAlone.milliseconds)}  ${ratio(guardedToAlone.ratio)} of it alone`,
  );
}
