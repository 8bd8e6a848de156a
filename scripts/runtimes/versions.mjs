// The runtimes that the package is tried on, by exact versions, from the npm registry. The package `node` would
// download its binary while it is installed; these packages are what it downloads.

/** The version of each major that is tried. */
const node = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };
const bun = '1.4.5';
const deno = '2.9.6';

const platform = process.platform === 'win32' ? 'win' : process.platform;
const nodeName = `node-${platform}-${process.arch}`;

/**
 * A runtime: its name in tables, what `npm install` is given, its program below the folder of that install, and the
 * arguments before the file that it runs.
 */
export const runtimes = [
  ...Object.entries(node).map(([major, version]) => ({
    name: `Node ${major}`,
    package: `node${major}@npm:${nodeName}@${version}`,
    program: `node_modules/node${major}/bin/node`,
    arguments: [],
  })),
  {
    name: 'Bun 1',
    package: `bun@${bun}`,
    program: 'node_modules/@oven/bun-*/bin/bun',
    arguments: ['run'],
    eval: ['--eval'],
  },
  {
    name: 'Deno 2',
    package: `deno@${deno}`,
    program: 'node_modules/@deno/*/deno',
    arguments: ['run', '--allow-all', '--node-modules-dir=manual', '--no-lock', '--quiet'],
    eval: ['eval'],
  },
];

/** The packages that the library is used with, in the versions of package-lock.json. */
export const peers = [
  ...['better-sqlite3', 'ioredis', 'pg', 'express', 'fastify', 'hono', 'koa', '@koa/bodyparser', 'reflect-metadata'],
  ...['rxjs', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express'],
];

/** The lowest versions that `peerDependencies` admits, which a further row tries; the others are as above. */
export const lowest = {
  express: '4.18.0',
  fastify: '5.0.0',
  hono: '4.0.0',
  koa: '2.15.0',
  rxjs: '7.1.0',
  '@nestjs/common': '11.0.0',
  '@nestjs/core': '11.0.0',
  '@nestjs/platform-express': '11.0.0',
};

/**
 * Pieces that are known not to run: the piece, the runtimes, the error that it must fail with, and the reason. A piece
 * that fails in another way is a failure, and so is one that runs after all.
 */
export const unsupported = [
  {
    piece: 'sqlite',
    runtimes: ['Bun 1', 'Deno 2'],
    error: /better-sqlite3 does not run in this process \((?:'better-sqlite3' is not yet supported|Cannot load native)/,
    reason: 'the package `better-sqlite3` runs in Node.js alone, and the store says so when it is made',
  },
];
