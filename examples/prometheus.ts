// A payment API that Prometheus can scrape: payouts at /payouts, metrics at /metrics. `npx tsx examples/prometheus.ts`
// serves it.
//
// examples/grafana has a dashboard and alert rules for these metrics; docs/metrics.md explains each of them.
import { pathToFileURL } from 'node:url';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import express from 'express';
import { createPayoutGuard, observing } from 'payout-guard';
import { createTelemetry } from 'payout-guard/telemetry';
import { paymentApi } from './payment-api.js';
import { curlPayout } from './support/curl.js';
import { listen, onStopSignal, shutDown } from './support/service.js';
import { simulatedJpay } from './support/simulated-jpay.js';

async function serve(): Promise<void> {
  const { wallet, makePayment, close } = await simulatedJpay({ payout: '12000.00' });

  // The exporter has no server of its own: /metrics is a route of the API here. In production, serve it on a port that
  // clients cannot reach.
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const telemetry = createTelemetry({ meterProvider });
  const enforcing = createPayoutGuard({
    ...wallet,
    trace: telemetry.trace, // measures what takes time, and makes spans if a tracer provider is registered
  });
  const guard = process.env.PAYOUT_GUARD_MODE === 'observe' ? observing(enforcing) : enforcing;
  // Balances become metrics only because of 'amounts': every reader of the metrics can see them then.
  const stopObserving = telemetry.observe(guard, { name: 'kes-payouts', wallets: ['default'], expose: 'amounts' });

  const tenants = new Map([['demo-token', { id: 'demo', wallet: 'default' }]]);
  const app = express();
  app.get('/metrics', (req, res) => exporter.getMetricsRequestHandler(req, res));
  app.use(paymentApi({ guard, tenants, makePayment }));
  const { server, url } = await listen(app, Number(process.env.PORT ?? 3000));

  console.log(
    [
      `Payment API on ${url}. Try:`,
      `  ${curlPayout(`${url}/payouts`, 'payout-1', '1500.00')}`,
      `  ${curlPayout(`${url}/payouts`, 'payout-1', '1500.00')}`,
      `  ${curlPayout(`${url}/payouts`, 'payout-2', '99999.00')}`,
      `  curl ${url}/metrics`,
    ].join('\n'),
  );

  onStopSignal(async () => {
    await shutDown({ server, guard });
    stopObserving(); // after the guard, so that the last payouts are counted
    await meterProvider.shutdown();
    await close();
    process.exit(); // your own line: a payment that hangs would keep the process alive
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
