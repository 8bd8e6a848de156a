// The tarball with the compilers and bundlers of its users. `npm run test:proof` alone runs it.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { filesBelow, frameworks, type Installed, makeProject, packAndInstall, run } from '../support/installed.js';
import { root } from '../support/programs.js';
import '../support/proof-only.js';

let installed: Installed;

describe('the tarball', () => {
  beforeAll(async () => {
    installed = await packAndInstall();
  });

  afterAll(async () => {
    if (installed) await rm(installed.directory, { recursive: true, force: true });
  });

  describe.each([
    ['5.4', 'typescript-5.4', 'node10', 'commonjs'],
    ['5.9', 'typescript-5.9', 'node10', 'commonjs'],
    ['5.9', 'typescript-5.9', 'nodenext', 'nodenext'],
    ['5.9', 'typescript-5.9', 'bundler', 'esnext'],
    ['7', 'typescript', 'nodenext', 'nodenext'],
    ['7', 'typescript', 'bundler', 'esnext'],
  ])('with TypeScript %s', (version, compiler, moduleResolution, module) => {
    it(`compiles strictly, every entry point imported, with moduleResolution ${moduleResolution}`, async () => {
      const project = await makeProject(installed, `typescript-${version}-${moduleResolution}`, {
        type: moduleResolution === 'node10' ? 'commonjs' : 'module',
        files: { 'payments.ts': 'payments.ts', 'main.ts': 'main.ts', 'express-main.ts': 'express-main.ts' },
        packages: ['@types/node', '@types/express', '@opentelemetry/api', 'express', 'better-sqlite3', ...frameworks],
      });
      const { exports } = JSON.parse(await readFile(join(installed.library, 'package.json'), 'utf8'));
      const entries = Object.keys(exports).filter((subpath) => !subpath.endsWith('.json'));
      const imports = entries.map((subpath, index) => {
        return `import * as entry${index} from ${JSON.stringify(subpath.replace('.', 'payout-guard'))};`;
      });
      // An entry point that is `any` has every name.
      const names = entries.map((_, index) => `type No${index} = (typeof entry${index})['there is no such export'];`);
      const checks = names.map((text) => `// @ts-expect-error: there is no such export.\nexport ${text}`);
      await writeFile(join(project, 'entries.ts'), [...imports, ...checks].join('\n'));
      const files = ['payments.ts', 'main.ts', 'express-main.ts', 'entries.ts'];
      const options = ['--target', 'es2022', '--types', 'node', '--strict', '--noEmit', '--esModuleInterop'];
      // Declarations of other packages are of other versions of TypeScript.
      const settings = [...options, '--skipLibCheck', '--moduleResolution', moduleResolution, '--module', module];
      await rm(join(project, 'tsconfig.json'));
      const tsc = join(root, 'node_modules', compiler, 'bin/tsc');
      await expect(run(project, process.execPath, tsc, '--pretty', 'false', ...settings, ...files)).resolves.toBe('');
    });
  });

  describe.each(['esm', 'cjs'] as const)('bundled by esbuild as %s', (format) => {
    it('runs outside node_modules, with the schedule of the monitor', async () => {
      const project = await makeProject(installed, `bundle-${format}`, {
        type: 'module',
        files: {},
        packages: ['croner'],
      });
      await writeFile(join(project, 'main.js'), program);
      const name = format === 'esm' ? 'bundle.mjs' : 'bundle.cjs';
      const outfile = join(installed.directory, name);
      const { warnings } = await build({
        entryPoints: [join(project, 'main.js')],
        bundle: true,
        platform: 'node',
        format,
        outfile,
        logLevel: 'silent',
        absWorkingDir: project,
        banner: format === 'esm' ? { js: requireForEsm } : {},
      });
      expect(warnings).toEqual([]);
      expect(await run(installed.directory, process.execPath, name)).toBe(
        'captured 2.00\ninsufficient_funds\nscheduled\n',
      );
      expect((await filesBelow(installed.directory)).filter((file) => file === name)).toEqual([name]);
    });
  });
});

/** Dependencies in CommonJS need it in a bundle of ES modules; esbuild leaves that to its user. */
const requireForEsm =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

const program = `
import { createPayoutGuard } from 'payout-guard';
import { createMonitor } from 'payout-guard/monitor';

const provider = { name: 'own', accountId: 'own', debitVisibleAt: 'completion', visibleAfterMs: 0,
  fetchBalance: async () => ({ available: '10.00', currency: 'KES' }) };
async function main() {
  const guard = createPayoutGuard({ provider, currency: 'KES', settles: 'onReturn' });
  await guard.withHold({ amount: '8.00', reference: 'p-1' }, () => 'paid');
  const { spendable } = await guard.funds();
  console.log((await guard.getHold('p-1')).state, spendable);
  await guard.hold({ amount: '9.00', reference: 'p-2' }).catch((error) => console.log(error.code));
  const schedule = { cron: '0 6 * * *', timeZone: 'Africa/Nairobi' };
  const wallets = [{ wallet: 'default', thresholds: ['5.00'] }];
  const monitor = createMonitor(guard, { schedule, wallets, onAlert: () => {} });
  monitor.start();
  await monitor.close();
  console.log('scheduled');
  await guard.close();
}
void main();
`;
