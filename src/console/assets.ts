// The page, its script and its style, from memory.
import { createHash } from 'node:crypto';
import type { Answer, ConsoleRequest } from './exchange.js';

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

export interface Assets {
  /** The answer for the page or one of its assets; undefined for any other path. */
  readonly answer: (request: ConsoleRequest) => Answer | undefined;
}

let loaded: Promise<Assets> | undefined;

/** The bundle is a module of its own, which `scripts/console-assets.mjs` writes into `dist`. */
export function consoleAssets(): Promise<Assets> {
  loaded ??= import('#console-assets').then(({ script, style }) => assetsOf(script, style));
  return loaded;
}

function assetsOf(script: string, style: string): Assets {
  const assets: Asset[] = [
    { path: named('console', script, 'js'), type: 'text/javascript; charset=utf-8', text: script },
    { path: named('console', style, 'css'), type: 'text/css; charset=utf-8', text: style },
    { path: named('icon', icon, 'svg'), type: 'image/svg+xml', text: icon },
  ];
  const [scriptPath = '', stylePath = '', iconPath = ''] = assets.map(({ path }) => path);
  const html = page(scriptPath, stylePath, iconPath);
  return {
    answer: ({ path }) => {
      if (path === '/') return asset({ type: 'text/html; charset=utf-8', text: html }, 'no-store');
      const found = assets.find((one) => `/${one.path}` === path);
      return found && asset(found, 'private, max-age=31536000, immutable');
    },
  };
}

function asset({ type, text }: Omit<Asset, 'path'>, cacheControl: string): Answer {
  return { status: 200, headers: { 'content-type': type, 'cache-control': cacheControl }, body: text };
}

/** The name changes with the content, so a new version is never mixed with an old one. */
function named(name: string, text: string, extension: string): string {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return `assets/${name}-${hash}.${extension}`;
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f4b7a"/>' +
  '<path d="M4 5h8M4 8h8M4 11h5" stroke="#fff" stroke-width="1.5"/></svg>';

/** All addresses are relative: the page works below any path. */
function page(script: string, style: string, icon: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Payouts</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
<link rel="stylesheet" href="${style}">
<script type="module" src="${script}"></script>
</head>
<body><div id="app"></div><noscript>The console needs JavaScript.</noscript></body>
</html>
`;
}
