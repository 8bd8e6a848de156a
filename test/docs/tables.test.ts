// Tables of the documents against the code: no entry is missing, and no entry is invented.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as core from 'payout-guard';
import {
  type GuardEvents,
  type GuardOptions,
  type Hold,
  type ManyWallets,
  type PayoutGuard,
  type PayoutGuardErrorCode,
  PayoutInProgressError,
  type WalletSettings,
} from 'payout-guard';

/** Every key of a type. The compiler rejects missing and extra keys. */
type Names<Key extends PropertyKey> = Readonly<Record<Key, true>>;

const guardOptions: Names<Exclude<keyof (GuardOptions & ManyWallets), 'cache'>> = {
  wallets: true,
  store: true,
  minRefreshMs: true,
  fetchTimeoutMs: true,
  holdExpiresInMs: true,
  payWithinMs: true,
  overdueAfterMs: true,
  reconcileEveryMs: true,
  lookupsPerSecond: true,
  trace: true,
  insufficientFundsStatus: true,
  clock: true,
};
const cacheOptions: Names<keyof NonNullable<GuardOptions['cache']>> = { maxAgeMs: true, maxWallets: true };
const walletOptions: Names<keyof WalletSettings> = {
  provider: true,
  currency: true,
  floor: true,
  alwaysRefreshAbove: true,
  settles: true,
  returns: true,
  verdictOfResult: true,
  verdictOf: true,
  lookup: true,
  debitVisibleAt: true,
  visibilityLagMs: true,
  absentIsFailedAfterMs: true,
  limits: true,
  formerly: true,
};
const calls: Names<Exclude<keyof PayoutGuard, 'internals' | symbol>> = {
  assertSufficientFunds: true,
  checkFunds: true,
  hold: true,
  holdAll: true,
  plan: true,
  withHold: true,
  prepare: true,
  resume: true,
  capture: true,
  release: true,
  getHold: true,
  listHolds: true,
  reconcile: true,
  funds: true,
  freeze: true,
  unfreeze: true,
  acceptLimits: true,
  on: true,
  close: true,
};
const holdMembers: Names<keyof Hold> = {
  reference: true,
  wallet: true,
  attempt: true,
  amount: true,
  currency: true,
  state: true,
  isPaying: true,
  decision: true,
  pay: true,
  signal: true,
  sent: true,
  extend: true,
  capture: true,
  release: true,
};
const events: Names<keyof GuardEvents> = {
  approved: true,
  insufficient: true,
  checkFailed: true,
  held: true,
  debitAboveHold: true,
  limitsUnknown: true,
  limitsAccepted: true,
  captured: true,
  released: true,
  overdue: true,
  neverSeen: true,
  settlementFailed: true,
  contradiction: true,
  paidAfterRelease: true,
  failedAfterCapture: true,
  expired: true,
  paidTwice: true,
  leftOpen: true,
  lookupFindsNothing: true,
  orphanWallet: true,
  reconciled: true,
  frozen: true,
  snapshot: true,
  providerFailure: true,
  storeFailure: true,
};
const codes: Names<PayoutGuardErrorCode> = {
  insufficient_funds: true,
  limit_exceeded: true,
  limits_unknown: true,
  balance_unavailable: true,
  invalid_amount: true,
  invalid_reference: true,
  invalid_argument: true,
  payout_in_progress: true,
  duplicate_reference: true,
  references_taken: true,
  hold_conflict: true,
  hold_state: true,
  foreign_wallet: true,
  wallet_frozen: true,
  payout_rejected: true,
  currency_mismatch: true,
  configuration: true,
};

/** The rows of the tables of a document, or of those below one of its headings, with the row of their headers. */
function rowsOf(file: string, heading?: string): string[][] {
  const text = readFileSync(file, 'utf8');
  const [own = ''] = heading === undefined ? [text] : (text.split(`\n## ${heading}\n`)[1] ?? '').split(/\n## /);
  return own
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Names in backquotes in a cell, without arguments: `` `hold.pay(fn)` `` is `hold.pay`. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([\w.]+)[^`]*`/g)].map((match) => String(match[1]));
}

/** The files of a tree of folders, which are indented by two spaces each, as paths. */
function filesIn(tree: string): string[] {
  const folders: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', folder] = /^( *)((?:[\w-]+\/)+)?/.exec(line) ?? [];
    folders.length = indent.length / 2 - 1;
    if (folder) folders.push(folder);
    return (line.match(/[\w-]+(?:\.d)?\.(?:ts|lua|sql)\b/g) ?? []).map((file) => folders.join('') + file);
  });
}

const sorted = (names: readonly string[]) => [...names].sort();

describe('the documents list', () => {
  it('every option of a guard', () => {
    const named = rowsOf('docs/options.md', 'Of a guard').flatMap(([first = '']) => namesIn(first));
    const cache = Object.keys(cacheOptions).map((name) => `cache.${name}`);
    expect(sorted(named)).toEqual(sorted([...Object.keys(guardOptions), ...cache]));
  });

  it('every option of a wallet', () => {
    const named = rowsOf('docs/options.md', 'Of a wallet').flatMap(([first = '']) => namesIn(first));
    expect(sorted(named)).toEqual(sorted(Object.keys(walletOptions)));
  });

  it('every call of a guard', () => {
    const named = rowsOf('docs/calls.md', 'Of a guard').flatMap(([first = '']) => namesIn(first));
    expect(sorted(named)).toEqual(sorted(Object.keys(calls)));
  });

  it('every member of a hold', () => {
    const named = rowsOf('docs/calls.md', 'Of a hold').flatMap(([first = '']) => namesIn(first));
    const [, prose = ''] = /\nA hold has (.*?), and\n/.exec(readFileSync('docs/calls.md', 'utf8')) ?? [];
    const members = named.map((name) => name.replace(/^hold\./, ''));
    expect(sorted([...members, ...namesIn(prose)])).toEqual(sorted(Object.keys(holdMembers)));
  });

  it('every event', () => {
    const named = rowsOf('docs/events.md').flatMap(([first = '']) => namesIn(first));
    expect(sorted(named)).toEqual(sorted(Object.keys(events)));
  });

  it('every error with its class, code and status', () => {
    const rows = rowsOf('docs/errors.md').slice(1);
    expect(sorted(rows.flatMap(([, code = '']) => namesIn(code)))).toEqual(sorted(Object.keys(codes)));
    const classes = Object.entries(core)
      .filter(([name, value]) => name.endsWith('Error') && name !== 'PayoutGuardError' && typeof value === 'function')
      .map(([name]) => name)
      .filter((name) => name !== 'isPayoutGuardError');
    expect(sorted(rows.flatMap(([name = '']) => namesIn(name)))).toEqual(sorted(classes));
    const inProgress = rows.find(([name]) => name === '`PayoutInProgressError`');
    expect(inProgress?.[2]?.startsWith(`${new PayoutInProgressError('p1').status} with Retry-After`)).toBe(true);
  });

  it('every example', () => {
    const files = readdirSync('examples').filter((file) => /^(?!two-processes-api).*\.ts$/.test(file));
    const named = rowsOf('examples/README.md').flatMap(([first = '']) => /\]\((.+?)\)/.exec(first)?.[1] ?? []);
    expect(sorted(named)).toEqual(sorted([...files, 'recipes']));
  });

  it('every page of docs', () => {
    const files = readdirSync('docs').filter((file) => file.endsWith('.md') && file !== 'README.md');
    const linked = rowsOf('docs/README.md').flatMap(([first = '']) => /\]\((.+?)\)/.exec(first)?.[1] ?? []);
    expect(sorted(linked)).toEqual(sorted(files));
    const named = rowsOf('README.md', 'Pages').flatMap(([first = '']) => first.match(/`docs\/[^`]+`/g) ?? []);
    expect(sorted(named)).toEqual(sorted(files.map((file) => `\`docs/${file}\``)));
  });
});

it('the runbook lists every process warning', () => {
  const sources = readdirSync('src', { recursive: true })
    .map((file) => `src/${file}`)
    .filter((file) => file.endsWith('.ts'));
  const warned = sources.flatMap((file) => readFileSync(file, 'utf8').match(/(?<=')PAYOUT_GUARD_\w+(?=')/g) ?? []);
  const rows = rowsOf('docs/operations.md', 'Process warnings').slice(1);
  expect(sorted(rows.flatMap(([first = '']) => namesIn(first)))).toEqual(sorted([...new Set(warned)]));
});

describe('ARCHITECTURE.md', () => {
  const page = readFileSync('ARCHITECTURE.md', 'utf8');
  const sources = readdirSync('src', { recursive: true }).map(String);
  const tests = readdirSync('test', { recursive: true }).map((file) => `test/${file}`);

  it('has every file of src in its tree, at its place, and no other', () => {
    const files = sources.filter((file) => /\.(ts|lua|sql)$/.test(file) && !file.endsWith('.generated.ts'));
    const [, tree = ''] = /```text\nsrc\/\n(.*?)\ntest\//s.exec(page) ?? [];
    expect(sorted(filesIn(tree))).toEqual(sorted(files));
  });

  it('names no file that does not exist', () => {
    const known = [...sources, ...tests, ...readdirSync('scripts').map((file) => `scripts/${file}`)];
    const named = page.match(/[\w./-]+\.(?:test\.ts|ts|lua|sql)\b/g) ?? [];
    expect(named.length).toBeGreaterThan(60);
    const isThere = (name: string) => known.some((file) => file === name || file.endsWith(`/${name}`));
    expect(named.filter((name) => !isThere(name) && !existsSync(name))).toEqual([]);
  });
});
