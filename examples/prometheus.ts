// A payment API that Prometheus can scrape: payouts at /payouts, metrics at /metrics. `npx tsx examples/prometheus.ts`
// serves it.
//
// examples/grafana has a dashboard and alert rules for these metrics; docs/metrics.md explains each of them.
import { pathToFileURL } from 'node:url';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import express from 'express';
import { createPayoutGuard, observing } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { createTelemetry } from 'payout-guard/telemetry';
import { jpaySimulator } from 'payout-guard/testing';
import { paymentApi } from './payment-api.js';
import { jpayPayments } from './support/payments.js';
import { listen, onStopSignal, shutDown } from './support/service.js';

async function serve(): Promise<void> {
  const simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00', settleAfterMs: 1_000 });
  const { url: baseUrl, appKey, appSecret } = simulator;

  // The exporter has no server of its own: /metrics is a route of the API here. In production, serve it on a port that
  // clients cannot reach.
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const telemetry = createTelemetry({ meterProvider });
  const enforcing = createPayoutGuard({
    provider: jpay({ baseUrl, appKey, appSecret }),
    currency: 'KES',
    trace: telemetry.trace, // measures what takes time, and makes spans if a tracer provider is registered
  });
  const guard = process.env.PAYOUT_GUARD_MODE === 'observe' ? observing(enforcing) : enforcing;
  // Balances become metrics only because of 'amounts': every reader of the metrics can see them then.
  const stopObserving = telemetry.observe(guard, { name: 'kes-payouts', wallets: ['default'], expose: 'amounts' });

  const makePayment = jpayPayments({
    baseUrl,
    accessToken: () => simulator.accessToken(),
    appCode: 12_345,
    callbackUrl: () => 'https://api.example/jpay/callbacks',
  });
  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const app = express();
  app.get('/metrics', (req, res) => exporter.getMetricsRequestHandler(req, res));
  app.use(paymentApi({ guard, tenants, makePayment }));
  const { server, url } = await listen(app, Number(process.env.PORT ?? 3000));

  const payout = (amount: string, key: string) =>
    `curl -i ${url}/payouts -H 'authorization: Bearer demo-token' -H 'content-type: application/json' ` +
    `-H 'idempotency-key: ${key}' -d '{"to":"+254712345678","amount":"${amount}"}'`;
  console.log(
    [
      `Payment API on ${url}. Try:`,
      `  ${payout('1500.00', 'payout-1')}`,
      `  ${payout('1500.00', 'payout-1')}`,
      `  ${payout('99999.00', 'payout-2')}`,
      `  curl ${url}/metrics`,
    ].join('\n'),
  );

  onStopSignal(async () => {
    await shutDown({ server, guard });
    stopObserving(); // after the guard, so that the last payouts are counted
    await meterProvider.shutdown();
    await simulator.close();
    process.exit(); // your own line: a payment that hangs would keep the process alive
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
