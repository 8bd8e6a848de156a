// Bundles the page of the console, `src/console/page`, into a module that both builds import as `#console-assets`. Its
// text is part of the module, so the console reads no file at run time and works inside bundles.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Promise<{ script: string; style: string }>} */
export async function bundleConsole() {
  const { outputFiles } = await build({
    entryPoints: [`${root}src/console/page/main.tsx`],
    outdir: 'assets',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'error',
  });
  // Its process would keep the test that bundles alive.
  await stop();
  const textOf = (extension) => outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}

export async function writeConsoleAssets() {
  mkdirSync(`${root}dist/cjs/console`, { recursive: true });
  const { script, style } = await bundleConsole();
  const lines = Object.entries({ script, style }).map(([name, text]) => `exports.${name} = ${JSON.stringify(text)};\n`);
  writeFileSync(`${root}dist/cjs/console/page-assets.cjs`, lines.join(''));
}
