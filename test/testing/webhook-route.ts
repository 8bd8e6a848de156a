// An application with a route for webhooks, in front of which a simulator runs.
import type { BalanceProvider, PayoutGuard } from 'payout-guard';
import { startServer } from '../providers/support.js';

export interface WebhookRoute {
  readonly url: string;
  /** The events that were read, and `undefined` for each request that was no genuine event. Grows. */
  readonly events: unknown[];
  /** The statuses that were answered. Grows. */
  readonly answered: number[];
  /** Begins to serve. Until then all requests are answered 503. */
  serve(provider: BalanceProvider, guard: PayoutGuard): void;
}

/** Starts a route that reads each event and looks its payout up. It ends with `closeAll`. */
export async function webhookRoute(): Promise<WebhookRoute> {
  const events: unknown[] = [];
  const answered: number[] = [];
  let receive = async (_body: string, _headers: Headers): Promise<number> => 503;
  const { url } = await startServer((response, request) => {
    void receive(request.text, request.headers).then((status) => {
      answered.push(status);
      response.writeHead(status).end();
    });
  });
  const serve = (provider: BalanceProvider, guard: PayoutGuard) => {
    receive = async (body, headers) => {
      const event = await provider.webhook?.read(Buffer.from(body), headers);
      events.push(event);
      if (event?.reference !== undefined) await guard.reconcile({ reference: event.reference });
      return event ? 200 : 401;
    };
  };
  return { url: `${url}/webhooks`, events, answered, serve };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;
