// Parses a PromQL expression into its metrics and their labels. promtool, where it is on the PATH, covers the whole
// language.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Reads {
  readonly metrics: readonly string[];
  /** Labels of selectors, and of `by`, `on` and similar clauses. */
  readonly labels: readonly string[];
  readonly matchers: readonly Matcher[];
}

const functions = new Set([
  'absent',
  'count',
  'histogram_quantile',
  'increase',
  'max',
  'min',
  'rate',
  'sum',
  'vector',
  'label_values',
]);
const grouping = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)/g;

/** @throws Error for a word that is neither a metric, a label nor a known function. */
export function readsOf(expression: string): Reads {
  const matchers: Matcher[] = [];
  const labels: string[] = [];
  const rest = expression
    .replaceAll(/\{([^{}]*)\}/g, (_, inner: string) => {
      const left = inner.replaceAll(
        /([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g,
        (_match, label: string, operator: string, value: string) => {
          matchers.push({ label, operator, value });
          return '';
        },
      );
      if (/[^\s,]/.test(left)) throw new Error(`not matchers: ${inner}`);
      return ' ';
    })
    .replaceAll(grouping, (_, inner: string) => {
      labels.push(...inner.split(',').map((label) => label.trim()));
      return ' ';
    })
    .replaceAll(/\[(?:\d+[smhd]|\$__rate_interval|\$__range)\]/g, ' ');
  const metrics: string[] = [];
  for (const { 0: word, index } of rest.matchAll(/[a-zA-Z_:][\w:]*/g)) {
    const isCall = /^\s*\(/.test(rest.slice(index + word.length));
    // An aggregation may have its labels between its name and its operand.
    if (functions.has(word) && isCall) continue;
    if (word === 'or' || word === 'and') continue;
    if (isCall || functions.has(word)) throw new Error(`not a known function: ${word}`);
    metrics.push(word);
  }
  return { metrics, labels: [...labels, ...matchers.map(({ label }) => label)], matchers };
}

/** Parses `label_values(metric, label)` of a Grafana variable. */
export function readsOfVariable(query: string): Reads {
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
  if (metric === undefined || label === undefined) throw new Error(`not label_values(metric, label): ${query}`);
  return { metrics: [metric], labels: [label], matchers: [] };
}

export const hasPromtool: boolean = spawnSync('promtool', ['--version']).status === 0;

export function promtool(...args: string[]): string {
  return execFileSync('promtool', args, { encoding: 'utf8', timeout: 30_000 });
}

/** Checks the expressions with promtool. @throws its error output. */
export function checkByPromtool(expressions: readonly string[]): void {
  const directory = mkdtempSync(join(tmpdir(), 'promql-'));
  try {
    const rules = expressions.map((expression, index) => {
      const expr = expression.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h');
      return { record: `checked:${index}`, expr };
    });
    // JSON is YAML.
    writeFileSync(join(directory, 'rules.yml'), JSON.stringify({ groups: [{ name: 'checked', rules }] }));
    promtool('check', 'rules', join(directory, 'rules.yml'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
