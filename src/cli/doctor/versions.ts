// The versions of Node.js, of this package and of the packages beside it that the module of the user gets.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface Versions {
  readonly node: string;
  /** The package that the module imports; undefined when it is not installed there. */
  readonly own?: Manifest;
  /** Installed packages of `peerDependencies`, by name. */
  readonly peers: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly version: string;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export async function versionsOf(modulePath: string): Promise<Versions> {
  const { node } = process.versions;
  const own = await manifestOf('payout-guard', modulePath);
  if (!own) return { node, peers: {} };
  const names = Object.keys(own.peerDependencies ?? {});
  const installed = await Promise.all(names.map((name) => manifestOf(name, modulePath)));
  const peers = names.flatMap((name, index) => {
    const manifest = installed[index];
    return manifest ? [[name, manifest.version] as const] : [];
  });
  return { node, own, peers: Object.fromEntries(peers) };
}

/** Not every package exports its package.json, so it is read from the folders where Node.js looks. */
async function manifestOf(name: string, modulePath: string): Promise<Manifest | undefined> {
  for (const folder of createRequire(modulePath).resolve.paths(name) ?? []) {
    const text = await readFile(join(folder, name, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as Manifest;
  }
  return undefined;
}

/**
 * True if a version is in a range as a package.json of ours has it: `^1.9.0 || ^2.0.0`, `>=11 <13`, `>=20`. Of a
 * pre-release its numbers count.
 */
export function isWithin(version: string, range: string): boolean {
  return range.split('||').some((part) => {
    const conditions = part.trim().split(/\s+/);
    return conditions.every((condition) => {
      const [, sign = '', text = ''] = /^(\^|>=|<)?(\d+(?:\.\d+)*)$/.exec(condition) ?? [];
      const isAtLeast = compare(version, text) >= 0;
      if (sign === '<') return !isAtLeast;
      return sign === '^' ? isAtLeast && version.split('.')[0] === text.split('.')[0] : isAtLeast;
    });
  });
}

function compare(one: string, other: string): number {
  const [first, second] = [one, other].map((text) => text.split('-')[0]?.split('.').map(Number) ?? []);
  for (let index = 0; index < 3; index++) {
    const difference = (first?.[index] ?? 0) - (second?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
