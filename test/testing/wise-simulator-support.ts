// An application that pays through the Wise simulator, as the page of the adapter describes it.
import { generateKeyPairSync } from 'node:crypto';
import { createPayoutGuard, type GuardOptions, type Hold, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { wise, wiseCustomerTransactionId } from 'payout-guard/providers/wise';
import { type WiseSimulator, type WiseSimulatorOptions, wiseSimulator } from 'payout-guard/testing';
import { closeAll, startServer } from '../providers/support.js';

const running: { close(): Promise<unknown> }[] = [];

export async function closeWorlds(): Promise<void> {
  await Promise.all(running.splice(0).map((party) => party.close()));
  await closeAll();
}

// Key generation takes time.
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const privateKeyPem: string = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));

export interface World {
  readonly simulator: WiseSimulator;
  readonly guard: PayoutGuard;
  /** Creates and funds a transfer. Resolves to the transfer as it is then. */
  readonly pay: (hold: Pick<Hold, 'reference'>) => Promise<unknown>;
  /** Statuses that the route for webhooks answered. */
  readonly answered: number[];
}

/** A guard, and an application with a route for webhooks, on a simulator. */
export async function start(options: WiseSimulatorOptions = {}, settings: Partial<GuardOptions> = {}): Promise<World> {
  const answered: number[] = [];
  let receive = async (_body: string, _headers: Record<string, string | string[] | undefined>): Promise<number> => 503;
  const { url: webhookUrl } = await startServer((response, request) => {
    void receive(request.text, request.headers).then((status) => {
      answered.push(status);
      response.writeHead(status).end();
    });
  });
  const simulator = await wiseSimulator({ available: '800.00', webhookUrl, privateKey: privateKeyPem, ...options });
  const { url: baseUrl, apiToken, profileId, publicKey } = simulator;
  // In an application a table: events name the transfer alone.
  const references = new Map<string, string>();
  const referenceOf = (id: string) => references.get(id);
  const provider = wise({ baseUrl, apiToken, profileId, publicKey, referenceOf });
  const wallet = { provider, currency: 'GBP', returns: 'providerAnswer' } as const;
  const guard = createPayoutGuard({ ...wallet, lookupsPerSecond: 1_000, ...settings });
  running.push(guard, simulator);
  receive = async (body, headers) => {
    const event = await provider.webhook?.read(Buffer.from(body), headers);
    if (event?.reference !== undefined) await guard.reconcile({ reference: event.reference });
    return event ? 200 : 401;
  };
  const pay = async ({ reference }: Pick<Hold, 'reference'>) => {
    const id = await createTransfer(simulator, reference);
    references.set(id, reference);
    const { status, body } = await fund(simulator, id);
    if (status !== 201) throw new Error(`HTTP ${status}`);
    if (body.status === 'REJECTED') throw new PayoutRejectedError(String(body.errorCode));
    return (await call(simulator, 'GET', `/v1/transfers/${id}`)).body;
  };
  return { simulator, guard, pay, answered };
}

/** Creates the transfer of a payout of 100.00 GBP, or finds it. Returns its id. */
export async function createTransfer(simulator: WiseSimulator, reference: string): Promise<string> {
  const { body: quote } = await createQuote(simulator, { sourceAmount: 100 });
  const { body } = await call(simulator, 'POST', '/v1/transfers', {
    targetAccount: simulator.recipientId('EUR'),
    quoteUuid: quote.id,
    customerTransactionId: wiseCustomerTransactionId(reference),
    details: { reference: 'Week 47' },
  });
  return String(body.id);
}

export interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export function createQuote(simulator: WiseSimulator, amounts: object): Promise<Answered> {
  const quote = { sourceCurrency: 'GBP', targetCurrency: 'EUR', ...amounts };
  return call(simulator, 'POST', `/v3/profiles/${simulator.profileId}/quotes`, quote);
}

export function fund(simulator: WiseSimulator, id: string, profile: number = simulator.profileId): Promise<Answered> {
  return call(simulator, 'POST', `/v3/profiles/${profile}/transfers/${id}/payments`, { type: 'BALANCE' });
}

export async function call(
  { url, apiToken }: WiseSimulator,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object,
  token: string = apiToken,
): Promise<Answered> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
