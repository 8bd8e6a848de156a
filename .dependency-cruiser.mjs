// The house of ARCHITECTURE.md, checked: `npm run lint`. A room knows those below it and none beside it.

/** Lowest first. */
export const floors = [
  ['core'],
  ['http', 'batch', 'web', 'stores'],
  ['history', 'providers', 'express', 'fastify', 'hono', 'koa', 'nest', 'telemetry'],
  ['drift'],
  ['monitor'],
  ['testing', 'operate'],
  ['console'],
  ['cli'],
];

const below = floors.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const beside = rooms.filter((other) => other !== room);
    const unknown = [...beside, ...floors.slice(floor + 1).flat()];
    return {
      name: `${room}-knows-what-is-below`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${unknown.join('|')}|index\\.ts)(/|$)` },
    };
  }),
);

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unknown-rooms',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${floors.flat().join('|')})/|^src/index\\.ts$` },
      to: {},
    },
    ...below.filter(({ to }) => to.path !== '^src/()(/|$)'),
    {
      name: 'stores-stand-alone',
      severity: 'error',
      from: { path: '^src/stores/([^/]+)/', pathNot: '^src/stores/shared/' },
      to: { path: '^src/stores/', pathNot: '^src/stores/($1|shared)/' },
    },
    {
      name: 'shared-parts-know-no-user',
      severity: 'error',
      from: { path: '^src/(stores|providers)/shared/' },
      to: { path: '^src/$1/', pathNot: '^src/$1/shared/' },
    },
    {
      name: 'providers-stand-alone',
      comment: 'Phoenix answers with the codes of Interswitch.',
      severity: 'error',
      from: { path: '^src/providers/([^/]+)/', pathNot: '^src/providers/(shared|phoenix)/' },
      to: { path: '^src/providers/', pathNot: '^src/providers/($1|shared)/' },
    },
    {
      name: 'phoenix-knows-interswitch',
      severity: 'error',
      from: { path: '^src/providers/phoenix/' },
      to: { path: '^src/providers/', pathNot: '^src/providers/(phoenix|shared|interswitch)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types too.
    tsPreCompilationDeps: true,
  },
};
