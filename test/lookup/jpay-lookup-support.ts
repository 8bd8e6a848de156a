// Providers for the look-up tests of JPay.
import type { BalanceProvider } from 'payout-guard';
import { jpay, type NetworkOptions } from 'payout-guard/providers/jpay';
import type { JpaySimulator, JpaySimulatorOptions } from 'payout-guard/testing';
import { quick, type RawServer, send, startJpay, startServer } from '../providers/support.js';
import { once } from './support.js';

export const otherPath = '/payments/payouts';

export interface World {
  simulator: JpaySimulator;
  provider: BalanceProvider;
}

export async function start(options: JpaySimulatorOptions = {}, network: NetworkOptions = {}): Promise<World> {
  const simulator = await startJpay({ callback: 'none', ...options });
  const { url: baseUrl, appKey, appSecret } = simulator;
  return { simulator, provider: jpay({ baseUrl, appKey, appSecret, ...quick, ...network }) };
}

export async function initiate({ simulator }: World, ref_no = 'ref-1'): Promise<void> {
  const body = JSON.stringify({
    payto: '+254712345678',
    amount: '100.00',
    ref_no,
    callback_url: 'http://127.0.0.1:9/',
    app_code: 12_345,
  });
  const headers = { authorization: `Bearer ${simulator.accessToken()}` };
  await (await fetch(`${simulator.url}${otherPath}/initiate`, { method: 'POST', headers, body })).text();
}

/** A provider whose lists answer with these bodies: the first list, and the other one. */
export async function lists(first: string, other = '[]'): Promise<{ provider: BalanceProvider; server: RawServer }> {
  const server = await startServer((response, { url = '' }) => send(response, url.includes('/list?') ? first : other));
  return { provider: jpay({ baseUrl: server.url, accessToken: 'token', ...once }), server };
}
