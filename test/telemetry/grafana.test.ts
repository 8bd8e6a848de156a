// The dashboard, the alert rules and the page of metrics, against the output of examples/prometheus.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError } from 'payout-guard';
import { createTelemetry } from 'payout-guard/telemetry';
import { everyMetric, metrics, prometheusName } from '../../src/telemetry/metrics.js';
import { simulated } from '../examples/support.js';
import { runTypeScript } from '../support/programs.js';
import { scriptedWallet } from '../support/wallet.js';
import { checkByPromtool, hasPromtool, promtool, type Reads, readsOf, readsOfVariable } from './promql.js';
import { parseExposition, type Sample, scraped, series } from './support.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { name: string; type: string; query: string | { query: string } }[] };
  readonly panels: readonly Panel[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string | undefined;
  readonly severity: string;
  readonly summary: string;
  readonly description: string;
}

const ruleShape = new RegExp(
  [
    /^(\w+)\n/,
    / {8}expr: (?:>-\n)?([\s\S]+?)\n/,
    /(?: {8}for: (\d+[mh])\n)?/,
    / {8}labels:\n {10}severity: (\w+)\n/,
    / {8}annotations:\n {10}summary: (.+)\n/,
    / {10}description: (?:>-\n {12})?(.+(?:\n {12}.+)*)\n*$/,
  ]
    .map(({ source }) => source)
    .join(''),
);
const dashboard: Dashboard = JSON.parse(readFileSync('examples/grafana/dashboard.json', 'utf8'));
const page = readFileSync('docs/metrics.md', 'utf8');
const rules = readRules(readFileSync('examples/grafana/alerts.yml', 'utf8'));

/** Parses the rules in the format of the file. Anything else is an error. */
function readRules(text: string): Rule[] {
  const [head = '', ...parts] = text.split(/^ {6}- alert: /m);
  if (!/^groups:\n {2}- name: payout-guard\n {4}rules:\n$/m.test(head)) throw new Error('not a group of rules');
  return parts.map((part) => {
    const [, alert = '', expr = '', wait, severity = '', summary = '', description = ''] = ruleShape.exec(part) ?? [];
    if (alert === '') throw new Error(`not a rule: ${part}`);
    return { alert, expr: folded(expr), for: wait, severity, summary, description: folded(description) };
  });
}

/** Joins the lines of a folded scalar of YAML. */
function folded(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

let api: ChildProcess;
/** The first metrics of the example, those after the payout was captured, and these with the metrics of an outage. */
let samples: Sample[];
let later: Sample[];
let served: Sample[];

// Runs the example as a reader would, with some payouts.
beforeAll(async () => {
  api = spawn(process.execPath, ['--import', 'tsx', 'examples/prometheus.ts'], {
    env: { ...process.env, ...simulated, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of api.stdout ?? []) {
    printed += chunk;
    if (printed.includes('/metrics')) break;
  }
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
  const commands = [...printed.matchAll(/idempotency-key: (\S+)' -d '([^']+)'/g)];
  const statuses = [];
  for (const [, reference = '', body = ''] of commands) {
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer demo-token',
      'idempotency-key': reference,
    };
    statuses.push((await fetch(`${url}/payouts`, { method: 'POST', headers, body })).status);
  }
  expect(statuses).toEqual([202, 409, 422]);
  const scrape = async () => parseExposition(await (await fetch(`${url}/metrics`)).text());
  samples = await scrape();
  // The payout is captured after the guard's look-up, and counts as held until a balance shows it.
  const isCaptured = ({ labels }: Sample) => labels.payout_guard_hold_change === 'captured';
  const isPaid = (found: Sample[]) =>
    ['payout_guard_available', 'payout_guard_spendable'].every((name) =>
      found.some((sample) => sample.name === name && sample.value === 10_500),
    );
  later = samples;
  while (!later.some(isCaptured) || !isPaid(later)) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    later = await scrape();
  }
  served = [...later, ...(await samplesOfAnOutage())];
});

/** Outage metrics, created here because the provider of the example never fails. */
async function samplesOfAnOutage(): Promise<Sample[]> {
  const endpoint = await scraped();
  const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
  const wallet = scriptedWallet();
  wallet.answer = () => Promise.reject(new BalanceUnavailableError('timeout'));
  const guard = wallet.guard({ trace: telemetry.trace });
  telemetry.observe(guard);
  await expect(guard.checkFunds('1.00')).rejects.toMatchObject({ reason: 'timeout' });
  const found = await endpoint.scrape();
  await guard.close();
  await endpoint.close();
  return found;
}

afterAll(async () => {
  const ended = once(api, 'exit');
  api.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

describe('examples/prometheus.ts', () => {
  it('counts the payouts of its curl lines', () => {
    expect(series(samples, 'payout_guard_decisions_total')).toEqual({
      'decision=approved,operation=hold,wallet=default': 1,
      'decision=check_failed,error_type=payout_in_progress,operation=hold,wallet=default': 1,
      'decision=insufficient,error_type=insufficient_funds,operation=hold,temporary=false,wallet=default': 1,
    });
  });

  it('shows the balance once the payout is captured', () => {
    expect(series(later, 'payout_guard_available')).toEqual({ 'currency=KES,wallet=default': 10_500 });
    expect(series(later, 'payout_guard_held')).toEqual({});
    expect(series(later, 'payout_guard_spendable')).toEqual({ 'currency=KES,wallet=default': 10_500 });
  });
});

/** Lists the metrics, labels and values that do not exist. */
function problemsOf({ metrics: names, labels, matchers }: Reads): string[] {
  const problems: string[] = [];
  // Labels that Prometheus itself adds to every sample.
  const known = new Set(['job', 'instance']);
  for (const name of names) {
    const found = served.filter((sample) => sample.name === name);
    if (found.length === 0) problems.push(`no metric ${name}`);
    for (const { labels: own } of found) for (const label of Object.keys(own)) known.add(label);
  }
  problems.push(...labels.filter((label) => !known.has(label)).map((label) => `no label ${label}`));
  for (const { label, operator, value } of matchers) {
    const described = Object.values(metrics)
      .filter((metric) => names.some((name) => name.startsWith(prometheusName(metric))))
      .map((metric) => ({ ...everyMetric, ...metric.attributes }));
    const key = Object.keys(described[0] ?? {}).find((attribute) => attribute.replaceAll('.', '_') === label);
    const values = key === undefined ? [] : described.flatMap((attributes) => attributes[key] ?? []);
    const used = operator === '=~' || operator === '!~' ? value.split('|') : [value];
    const isFree = values.length === 0 || value === '' || value.startsWith('$');
    if (!isFree) problems.push(...used.filter((text) => !values.includes(text)).map((text) => `no ${label}=${text}`));
  }
  return problems;
}

const expressionsOfDashboard = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr, refId }) => [`${title} ${refId}`, expr] as const),
);
// The last cell of each row of the table.
const queriesOfPage = [...page.matchAll(/^`(payout_guard[\w.]+)`<br>.* \| `([^`]+)`$/gm)].map(
  ([, name = '', query = '']) => [name, query.replaceAll('\\|', '|')] as const,
);

describe('the dashboard', () => {
  it('has a position, data and a unit for every panel', () => {
    const { uid, title, schemaVersion, panels } = dashboard;
    expect([uid, title, schemaVersion, panels.length]).toEqual(['payout-guard', 'payout-guard', 39, 14]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos, type, datasource, targets, fieldConfig } of panels) {
      expect(['stat', 'timeseries']).toContain(type);
      expect(datasource).toEqual({ type: 'prometheus', uid: `$${'{datasource}'}` });
      expect(['short', 's', 'reqps', 'ops']).toContain(fieldConfig.defaults.unit);
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x}/${y}`)).toBe(false);
          taken.add(`${x}/${y}`);
        }
      }
    }
  });

  it.each(expressionsOfDashboard)('%s reads existing series', (_, expression) => {
    const reads = readsOf(expression);
    expect(reads.metrics.length).toBeGreaterThan(0);
    expect(problemsOf(reads)).toEqual([]);
  });

  it('names in each legend only labels that its expression keeps', () => {
    for (const { targets } of dashboard.panels) {
      for (const { expr, legendFormat } of targets) {
        const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
        const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
        expect(used.filter((label) => !kept.includes(String(label)))).toEqual([]);
      }
    }
  });

  it('has the variables that its expressions use, and each asks for what is served', () => {
    const variables = dashboard.templating.list;
    const used = new Set(expressionsOfDashboard.flatMap(([, expr]) => expr.match(/\$(?!__)\w+/g) ?? []));
    expect(variables.map(({ name }) => name)).toEqual(['datasource', 'job', 'name']);
    expect([...used].sort()).toEqual(['$job', '$name']);
    for (const { query, type } of variables) {
      if (type === 'query') expect(problemsOf(readsOfVariable((query as { query: string }).query))).toEqual([]);
    }
  });
});

describe('the alert rules', () => {
  it('have names of their own and severities', () => {
    expect(rules).toHaveLength(13);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(13);
    for (const { severity } of rules) expect(['warning', 'critical']).toContain(severity);
  });

  it.each(rules.map(({ alert, expr }) => [alert, expr] as const))('%s reads existing series', (_, expression) => {
    const reads = readsOf(expression);
    expect(reads.metrics.length).toBeGreaterThan(0);
    expect(problemsOf(reads)).toEqual([]);
  });
});

describe('docs/metrics.md', () => {
  it('matches the output of the script', async () => {
    expect(await runTypeScript('scripts/metrics-docs.ts', ['--check'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('has a row for each metric', () => {
    expect(queriesOfPage.map(([name]) => name)).toEqual(Object.values(metrics).map(({ name }) => name));
  });

  it.each(queriesOfPage)('queries existing series of %s', (name, query) => {
    const reads = readsOf(query);
    expect(problemsOf(reads)).toEqual([]);
    const metric = Object.values(metrics).find((candidate) => candidate.name === name);
    expect(reads.metrics.every((read) => metric && read.startsWith(prometheusName(metric)))).toBe(true);
  });
});

describe('the check', () => {
  it.each([
    ['sum(payout_guard_decision_total)', ['no metric payout_guard_decision_total']],
    ['sum by (wallet) (payout_guard_frozen)', ['no label wallet']],
    ['payout_guard_frozen{payout_guard_mode="observing"}', ['no payout_guard_mode=observing']],
    ['rate(payout_guard_decisions_total{error_type=~"timeout|tmeout"}[5m])', ['no error_type=tmeout']],
    ['payout_guard_frozen{reference="p-1"}', ['no label reference']],
  ])('finds what is wrong with %s', (expression, problems) => {
    expect(problemsOf(readsOf(expression))).toEqual(problems);
  });

  it.each(['summ(payout_guard_frozen)', 'payout_guard_frozen{payout_guard_mode}'])('does not take %s', (expression) => {
    expect(() => readsOf(expression)).toThrow();
  });
});

// Skipped with a notice without promtool. The rest of this file then parses the expressions itself.
(hasPromtool ? describe : describe.skip)('promtool (skipped when it is not on the PATH)', () => {
  it('takes every expression', () => {
    const all = [...expressionsOfDashboard, ...queriesOfPage].map(([, expression]) => expression);
    expect(() => checkByPromtool(all)).not.toThrow();
    expect(() => checkByPromtool(['sum(payout_guard_frozen'])).toThrow();
  });

  it('takes the alert rules, and they fire when they should and only then', () => {
    expect(promtool('check', 'rules', 'examples/grafana/alerts.yml')).toContain('13 rules found');
    expect(promtool('test', 'rules', 'test/telemetry/alerts.test.yml')).toContain('SUCCESS');
  });
});
