// Adds the builds of native packages for other platforms to package-lock.json. `npm install` leaves them out when a
// registry mirror lacks them, and `npm ci` (npm 11) then refuses the lockfile. Run it after `npm install`. The entries
// have no integrity, because the files cannot be downloaded from that mirror.
import { readFileSync, writeFileSync } from 'node:fs';

const lockfile = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lockfile;

const added = Object.values(packages).flatMap(({ optionalDependencies = {}, dev }) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)))
    .map(([name, version]) => [`node_modules/${name}`, entryOf(name, version, dev)]),
);
for (const [path, { version }] of added) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${path}: ${version} is a range; a lockfile names one version`);
}

lockfile.packages = Object.fromEntries([...Object.entries(packages), ...added].sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lockfile, undefined, 2)}\n`);
console.log(`${added.length} packages added to package-lock.json`);

/**
 * `@swc/core-linux-arm-gnueabihf` is for Linux on arm with glibc. Keys are in npm's order, so that npm changes nothing.
 */
function entryOf(name, version, dev) {
  const words = name.split(/[/-]/);
  const one = (...known) => known.filter((word) => words.includes(word)).slice(0, 1);
  const os = one('android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32');
  const cpu = one('arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64');
  if (os.length === 0 || cpu.length === 0) throw new Error(`${name} does not name its platform`);
  const musl = words.some((word) => word.startsWith('musl'));
  const libc = os[0] === 'linux' ? [musl ? 'musl' : 'glibc'] : undefined;
  return { version, cpu, dev, libc, optional: true, os };
}
