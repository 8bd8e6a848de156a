// The time of a process that imports a framework, the adapter for it, or both, and then ends. Against a process that
// imports nothing, and against one that imports the framework alone.
import { spawnSync } from 'node:child_process';
import { interleaved, median, medianRatio } from '../measure.mjs';

/** The modules that an application of each framework imports anyway. */
const bare = {
  express: ['express'],
  fastify: ['fastify'],
  hono: ['hono'],
  koa: ['koa'],
  nest: ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express'],
};

export async function importBench(frameworks, { rounds }) {
  const variants = { empty: starting([]), core: starting(['payout-guard']), web: starting(['payout-guard/web']) };
  for (const framework of frameworks) {
    const adapter = ['payout-guard', `payout-guard/${framework}`];
    variants[`${framework} alone`] = starting(bare[framework]);
    variants[`${framework} adapter`] = starting([`payout-guard/${framework}`]);
    variants[`${framework} guarded`] = starting([...bare[framework], ...adapter]);
  }
  for (const warmUp of Object.values(variants)) warmUp();
  const figures = await interleaved(rounds, variants);
  const against = (variant, base) => ({
    milliseconds: median(figures[variant]),
    ratio: medianRatio(figures[variant], figures[base]),
  });
  return {
    emptyMilliseconds: median(figures.empty),
    core: against('core', 'empty'),
    web: against('web', 'empty'),
    ...Object.fromEntries(
      frameworks.map((framework) => [
        framework,
        {
          aloneMilliseconds: median(figures[`${framework} alone`]),
          adapterToEmpty: against(`${framework} adapter`, 'empty'),
          guardedToAlone: against(`${framework} guarded`, `${framework} alone`),
        },
      ]),
    ),
  };
}

/** Every process is new, so no module is in its cache. The files are in that of the operating system. */
function starting(modules) {
  const code = modules.map((name) => `import '${name}';`).join('');
  return () => {
    const startMs = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${code} failed: ${stderr}`);
    return performance.now() - startMs;
  };
}
