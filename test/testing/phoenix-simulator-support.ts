// A Phoenix simulator and a client of it.
import { expect } from '@jest/globals';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { startPhoenix } from '../providers/support.js';
import { type ClientChoices, LittlePhoenixClient, type Reply } from '../support/phoenix-client.js';

export interface World {
  readonly simulator: PhoenixSimulator;
  readonly client: LittlePhoenixClient;
}

export async function start(
  options: PhoenixSimulatorOptions = {},
  choices: Partial<ClientChoices> = {},
): Promise<World> {
  const simulator = await startPhoenix({ available: '1000', ledger: '5000', ...options });
  const { clientSecret: secret, appVersion: _, ...credentials } = simulator.credentials();
  return { simulator, client: new LittlePhoenixClient(simulator.url, { ...credentials, secret, ...choices }) };
}

/** A client with a session. */
export async function session(
  options: PhoenixSimulatorOptions = {},
  choices: Partial<ClientChoices> = {},
): Promise<World> {
  const world = await start(options, choices);
  expect((await world.client.exchangeKeys()).body.responseCode).toBe('90000');
  return world;
}

export const codeOf = ({ status, body }: Reply): string => {
  expect(status).toBe(200);
  return String(body.responseCode);
};
