// Every command with its arguments and options. Help and shell completion are made from it.
type Option = readonly [flags: string, description: string];

export interface CommandEntry {
  readonly name: string;
  /** `<required>` and `[optional]` arguments. */
  readonly args?: string;
  readonly summary: string;
  readonly options: readonly Option[];
}

/** For every command that loads the guard module. */
const module: readonly Option[] = [
  ['--guard <file>', 'the module that exports your guard; payout-guard.config.* unless given'],
  ['--load-within <duration>', 'longest time for loading that module; 30s unless given'],
];
const json: Option = ['--json', 'print JSON for scripts'];
const csv: Option = ['--csv', 'print CSV'];
const wallet: Option = ['--wallet <key>', 'only this wallet'];
const as: Option = ['--as <name>', 'your name, for the history; the user of the system unless given'];
const yes: Option = ['--yes', 'do not ask for a confirmation'];
const reason: Option = ['--reason <text>', 'the reason, for the history; required'];
const action = [...module, as, yes, json] as const;

export const catalog: readonly CommandEntry[] = [
  {
    name: 'status',
    summary: 'shows every wallet: available, held, spendable',
    options: [...module, wallet, ['--refresh', 'ask the provider even if a young balance is remembered'], json],
  },
  {
    name: 'watch',
    summary: 'shows the wallets again and again, until Ctrl-C',
    options: [
      ...module,
      wallet,
      ['--every <duration>', 'time between two readings; 5s unless given'],
      ['--count <number>', 'stop after so many readings'],
    ],
  },
  {
    name: 'holds',
    summary: 'lists holds, oldest first',
    options: [
      ...module,
      wallet,
      ['--state <state>', 'reserved, sent, captured or released'],
      ['--older-than <duration>', 'at least this old, such as 90s, 30m, 2h or 3d'],
      ['--text <text>', 'that the reference or the metadata contains'],
      ['--limit <number>', 'most holds; 100 unless given'],
      json,
      csv,
    ],
  },
  {
    name: 'hold',
    args: '<reference>',
    summary: 'shows the whole life of one payout',
    options: [...module, json],
  },
  {
    name: 'capture',
    args: '<reference> [amount]',
    summary: 'records that a payout was made, with its real debit if that is another amount',
    options: [reason, ['--unusual-debit', 'do not ask again if the debit is over 10 % off the held amount'], ...action],
  },
  {
    name: 'release',
    args: '<reference>',
    summary: 'records that a payout was not made',
    options: [reason, ...action],
  },
  {
    name: 'reconcile',
    args: '[reference]',
    summary: 'asks the provider for outcomes: of all overdue payouts, or of one',
    options: [
      ...module,
      ['--older-than <duration>', 'of payouts sent this long ago; when overdue unless given'],
      as,
      json,
    ],
  },
  {
    name: 'freeze',
    args: '<wallet>',
    summary: 'stops all payouts from a wallet, in every process',
    options: [reason, ...action],
  },
  {
    name: 'unfreeze',
    args: '<wallet>',
    summary: 'lets payouts from a wallet continue',
    options: [reason, ...action],
  },
  {
    name: 'accept-limits',
    args: '<wallet>',
    summary: 'lets daily limits count again after the store lost data',
    options: [reason, ...action],
  },
  {
    name: 'report',
    args: '<day>',
    summary: 'adds up a day (YYYY-MM-DD) of each wallet, from the history',
    options: [
      ...module,
      wallet,
      ['--time-zone <name>', 'IANA name of the zone of the day; UTC unless given'],
      json,
      csv,
    ],
  },
  {
    name: 'drift',
    summary: 'lists unexplained movements of balances, from the history',
    options: [
      ...module,
      wallet,
      ['--from <time>', 'at this day or time (ISO 8601, UTC) or later; a week ago unless given'],
      ['--to <time>', 'before this day or time'],
      json,
    ],
  },
  {
    name: 'plan',
    args: '<file>',
    summary: 'compares a CSV file of payouts with the wallets; advice only',
    options: [...module, ['--wallet <key>', 'the wallet of rows that name none'], json],
  },
  {
    name: 'migrate',
    summary: 'creates the tables of the store and the history, or brings them up to date',
    options: [...module, json],
  },
  {
    name: 'doctor',
    summary: 'finds what breaks in production: provider, store, clocks, settings',
    options: [...module, wallet, json],
  },
  {
    name: 'console',
    summary: 'serves the page for operators to this machine, until Ctrl-C',
    options: [
      ...module,
      ['--port <number>', 'the port of 127.0.0.1; a free one unless given'],
      ['--read-only', 'shows everything and offers no action'],
      as,
    ],
  },
  {
    name: 'completion',
    args: '<shell>',
    summary: 'prints the completion script of bash, zsh or fish',
    options: [],
  },
];
