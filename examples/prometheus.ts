// A payment API that Prometheus can scrape: payouts at /payouts, metrics at /metrics. `npx tsx examples/prometheus.ts` serves it.
//
// examples/grafana has a dashboard and alert rules for these metrics; docs/metrics.md says what each of them means.
import { pathToFileURL } from 'node:url';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import express, { type Express } from 'express';
import { createPayoutGuard, type PayoutGuard } from 'payout-guard';
import { payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { jpay } from 'payout-guard/providers/jpay';
import { createTelemetry } from 'payout-guard/telemetry';
import { jpaySimulator } from 'payout-guard/testing';

// Without a server of its own: /metrics is a route of the API here. In production, give it a port that clients cannot reach.
const exporter = new PrometheusExporter({ preventServerStart: true });
const meterProvider = new MeterProvider({ readers: [exporter] });

function api(guard: PayoutGuard, makePayment: (amount: string) => void): Express {
  const app = express();
  app.use(express.json());
  app.post(
    '/payouts',
    requireSufficientFunds(guard, {
      amount: (req) => req.body.amount,
      reference: (req) => req.get('Idempotency-Key'),
      settles: 'onReturn',
    }),
    (req, res) => {
      makePayment(req.body.amount);
      res.status(201).json({ to: req.body.to, amount: req.body.amount });
    },
  );
  app.get('/metrics', (req, res) => exporter.getMetricsRequestHandler(req, res));
  app.use(payoutGuardErrors());
  return app;
}

async function serve(): Promise<void> {
  const simulator = await jpaySimulator({ payout: '12000.00', collection: '45000.00' });
  const { url: baseUrl, appKey, appSecret } = simulator;

  const telemetry = createTelemetry({ meterProvider });
  const guard = createPayoutGuard({
    provider: jpay({ baseUrl, appKey, appSecret }),
    currency: 'KES',
    trace: telemetry.trace, // measures what takes time, and makes spans if a tracer provider is registered
    mode: process.env.PAYOUT_GUARD_MODE === 'observe' ? 'observe' : 'enforce',
  });
  // The balances are asked for here, with 'amounts': whoever may read the metrics then sees them.
  const stopObserving = telemetry.observe(guard, { name: 'kes-payouts', wallets: ['default'], expose: 'amounts' });

  const app = api(guard, (amount) => simulator.debit('payout', amount));
  const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
    const payout = (amount: string, reference: string) =>
      `curl -i ${url}/payouts -H 'content-type: application/json' -H 'idempotency-key: ${reference}' ` +
      `-d '{"to":"+254712345678","amount":"${amount}"}'`;
    console.log(
      [
        `Payment API on ${url}. Try:`,
        `  ${payout('1500.00', 'payout-1')}`,
        `  ${payout('1500.00', 'payout-1')}`,
        `  ${payout('99999.00', 'payout-2')}`,
        `  curl ${url}/metrics`,
      ].join('\n'),
    );
  });
  const stop = async () => {
    server.close();
    stopObserving();
    await guard.close();
    await meterProvider.shutdown();
    await simulator.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
