// Reads metrics over HTTP as Prometheus does, and parses them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses the text format. Any other line is an error. */
export function parseExposition(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^([a-zA-Z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** Labels of the origin of a sample, which every sample has. */
const origin = ['otel_scope_name', 'payout_guard_mode', 'payout_guard_name'];

/** The samples of one metric, as `label=value,...` to value, without the labels of origin and without zeros. */
export function series(samples: readonly Sample[], name: string): Record<string, number> {
  const entries = samples
    .filter((sample) => sample.name === name && sample.value !== 0)
    .map(({ labels, value }) => {
      const own = Object.entries(labels).filter(([label]) => !origin.includes(label));
      return [
        own
          .map(([label, text]) => `${label.replace(/^payout_guard_/, '')}=${text}`)
          .sort()
          .join(','),
        value,
      ] as const;
    });
  if (new Set(entries.map(([key]) => key)).size !== entries.length) throw new Error(`${name}: a series twice`);
  return Object.fromEntries(entries);
}

export interface Scraped {
  readonly meterProvider: MeterProvider;
  readonly text: () => Promise<string>;
  readonly scrape: () => Promise<Sample[]>;
  readonly close: () => Promise<void>;
}

/** A meter provider whose metrics are served over HTTP. */
export async function scraped(): Promise<Scraped> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const server = createServer((req, res) => exporter.getMetricsRequestHandler(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const text = async () => (await fetch(url)).text();
  return {
    meterProvider,
    text,
    scrape: async () => parseExposition(await text()),
    close: async () => {
      await meterProvider.shutdown();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
