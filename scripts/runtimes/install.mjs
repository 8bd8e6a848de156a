// Installs the runtimes, and the tarball with its peers, outside the repository.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';
import { peers, runtimes } from './versions.mjs';

/** Of a build or a download, on a busy machine. */
const hangsAfterMs = 600_000;

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs the repository, as `npm publish` does. */
export async function pack(folder) {
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root, hangsAfterMs });
  const [tarball] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  return join(folder, tarball);
}

/** Installs every runtime. @returns each with the path of its program. */
export async function installRuntimes(folder) {
  if (!existsSync(folder))
    await install(
      folder,
      runtimes.map((runtime) => runtime.package),
    );
  return Promise.all(runtimes.map(async (runtime) => ({ ...runtime, program: await found(folder, runtime.program) })));
}

/**
 * A project with the tarball and its peers, and the programs of this folder. @returns its folder.
 *
 * @param versions - Of peers that are not to be as in package-lock.json.
 */
export async function installPackage(folder, tarball, versions = {}) {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const versioned = peers.map((name) => `${name}@${versions[name] ?? lock.packages[`node_modules/${name}`].version}`);
  await install(folder, [tarball, ...versioned]);
  for (const file of ['smoke.mjs', 'stores.mjs', 'frameworks.mjs']) {
    await cp(new URL(file, import.meta.url), join(folder, file));
  }
  return folder;
}

async function install(folder, packages) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefer-offline'];
  await run('npm', ['install', ...quiet, ...packages], { cwd: folder, hangsAfterMs });
}

/** The path of a program, whose name of a platform may be a `*`. */
async function found(folder, path) {
  const parts = path.split('/');
  const star = parts.findIndex((part) => part.includes('*'));
  if (star < 0) return join(folder, path);
  const [start] = parts[star].split('*');
  const names = await readdir(join(folder, ...parts.slice(0, star)));
  const name = names.find((one) => one.startsWith(start));
  if (!name) throw new Error(`there is no ${path}`);
  return join(folder, ...parts.slice(0, star), name, ...parts.slice(star + 1));
}

/**
 * Builds better-sqlite3 for a Node, because an addon is for one major of it, and puts the build where its loader looks
 * for that of this version. The headers are in the package of the runtime.
 */
export async function buildSqlite(project, { name, program }) {
  const addon = join(project, 'node_modules/better-sqlite3');
  const { stdout } = await run(program, ['-p', '[process.versions.node, process.versions.modules].join()']);
  const [version, abi] = stdout.trim().split(',');
  const own = join(root, 'node_modules/better-sqlite3');
  const folder =
    abi === process.versions.modules ? own : join(dirname(project), `better-sqlite3-${name.replace(' ', '-')}`);
  const built = join(folder, 'build/Release/better_sqlite3.node');
  if (!existsSync(built)) {
    await cp(addon, folder, { recursive: true });
    const { stdout: modules } = await run('npm', ['root', '--global']);
    const gyp = join(modules.trim(), 'npm/node_modules/node-gyp/bin/node-gyp.js');
    // Optimizing takes most of the time of a build.
    const env = { CFLAGS: '-O0', CXXFLAGS: '-O0', PATH: `${dirname(program)}:${process.env.PATH}` };
    const options = ['rebuild', '--release', `--nodedir=${dirname(dirname(program))}`];
    await run(program, [gyp, ...options], { cwd: folder, env, hangsAfterMs });
  }
  await place(built, version, addon);
}

/**
 * Gives a runtime that is no Node the build for the Node that it stands for, so that it refuses the addon and not its
 * absence.
 */
export async function lendSqlite(project, { program, eval: inline }) {
  const addon = join(project, 'node_modules/better-sqlite3');
  const { stdout } = await run(program, [...inline, 'console.log(process.versions.node)']);
  const version = stdout.trim();
  const builds = await readdir(join(addon, 'compiled'));
  const [major] = version.split('.');
  const other = builds.find((one) => one.startsWith(`${major}.`)) ?? builds.at(-1);
  if (builds.includes(version)) return;
  await place(join(addon, 'compiled', other, process.platform, process.arch, 'better_sqlite3.node'), version, addon);
}

/** Puts a build where the loader of the addon looks for that of a version. */
async function place(built, version, addon) {
  const folder = join(addon, 'compiled', version, process.platform, process.arch);
  await mkdir(folder, { recursive: true });
  await cp(built, join(folder, 'better_sqlite3.node'));
}
