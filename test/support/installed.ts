// The library as its users get it: packed as `npm publish` packs it, and installed outside the repository.
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { root, runProgram } from './programs.js';

/** A tarball, and the project outside the repository in which it is installed. */
export interface Installed {
  /** The folder of everything below. */
  readonly directory: string;
  /** The copy of the repository that was built and packed. */
  readonly source: string;
  readonly tarball: string;
  /** The package that npm installed from the tarball. */
  readonly library: string;
}

/** Packages that the adapters import, or whose types they show. */
export const frameworks: readonly string[] = [
  '@nestjs/common',
  '@nestjs/core',
  'rxjs',
  'reflect-metadata',
  'fastify',
  'hono',
  'koa',
  '@types/koa',
];

export async function packAndInstall(): Promise<Installed> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'payout-guard-')));
  return packAndInstallIn(directory).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
}

async function packAndInstallIn(directory: string): Promise<Installed> {
  const source = join(directory, 'source');
  const project = join(directory, 'installed');
  const tarball = await pack(source, directory);
  await mkdir(project);
  await writeJson(join(project, 'package.json'), { private: true });
  await run(project, 'npm', 'install', '--prefer-offline', '--fetch-retries=5', '--no-audit', '--no-fund', tarball);
  return { directory, source, tarball, library: join(project, 'node_modules/payout-guard') };
}

// A copy, because packing rebuilds dist, which other tests may be reading or building at this moment.
async function pack(source: string, destination: string): Promise<string> {
  const isPart = (path: string) => !/^(node_modules|dist|coverage|\.git|\.documents-.*)$/.test(relative(root, path));
  await cp(root, source, { recursive: true, filter: isPart });
  await symlink(join(root, 'node_modules'), join(source, 'node_modules'), 'dir');
  await run(source, 'npm', 'pack', '--pack-destination', destination);
  const tarballs = (await readdir(destination)).filter((file) => file.endsWith('.tgz'));
  if (tarballs.length !== 1) throw new Error(`npm pack made ${tarballs.length} tarballs`);
  return join(destination, String(tarballs[0]));
}

export interface ProjectOptions {
  readonly type: 'module' | 'commonjs';
  /** Files of `test/package/fixtures` to copy, by their new names. */
  readonly files: Readonly<Record<string, string>>;
  /** Packages of the repository that it may use besides the library. */
  readonly packages?: readonly string[];
}

/** Creates a project with the library in it, separate from every other project and from the repository's packages. */
export async function makeProject(installed: Installed, name: string, options: ProjectOptions): Promise<string> {
  const project = join(installed.directory, name);
  await cp(join(installed.library, '..'), join(project, 'node_modules'), { recursive: true });
  for (const packageName of options.packages ?? []) {
    const link = join(project, 'node_modules', packageName);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', packageName), link, 'dir');
  }
  for (const [file, fixture] of Object.entries(options.files)) {
    await cp(join(root, 'test/package/fixtures', fixture), join(project, file));
  }
  await writeJson(join(project, 'package.json'), { private: true, type: options.type, jest: { transform: {} } });
  await writeJson(join(project, 'tsconfig.json'), { compilerOptions: strictest });
  return project;
}

// Declarations of packages are checked too, because an error in ours must not hide behind skipLibCheck.
const strictest = {
  target: 'es2022',
  lib: ['es2022'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  skipLibCheck: false,
};

/** Type-checks a project and writes JavaScript of its module format beside each file. */
export async function compile(project: string): Promise<void> {
  await run(project, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false');
}

/** Runs a program to its end and returns its standard output. Rejects with all its output when it fails. */
export async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, { cwd });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: failed\n${stdout}\n${stderr}`);
  return stdout;
}

/** All files below a directory, sorted, with `/` between the parts. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

function writeJson(file: string, value: unknown): Promise<void> {
  return writeFile(file, JSON.stringify(value, undefined, 2));
}
