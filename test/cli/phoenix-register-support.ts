// Runs phoenix register against the simulator.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { runCommand } from '../../src/cli/command.js';
import { closeAll, startPhoenix } from '../providers/support.js';
import { isSeen } from '../support/secret-scan.js';

export let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-guard-cli-'));
});

afterEach(async () => {
  await closeAll();
  await rm(folder, { recursive: true, force: true });
});

export const initialSecret = 'initial-secret-Zk4tR8wN1c';
export const password = 'password-7Qm2vX9sLp';
export const env: Record<string, string> = { PHOENIX_CLIENT_SECRET: initialSecret, PHOENIX_PASSWORD: password };

export async function simulated(options: PhoenixSimulatorOptions = {}): Promise<PhoenixSimulator> {
  return startPhoenix({ registered: false, clientSecret: initialSecret, password, available: '1000', ...options });
}

export const at = (name: string): string => join(folder, name);

/** Arguments of a registration. `changes` replace arguments, or remove those that are undefined. */
export function args(simulator: PhoenixSimulator, changes: Record<string, string | undefined> = {}): string[] {
  const { clientId, terminalId } = simulator.credentials();
  const options: Record<string, string | undefined> = {
    'base-url': simulator.url,
    'client-id': clientId,
    'terminal-id': terminalId,
    'serial-id': 'till-1',
    'new-private-key': at('key.pem'),
    'secret-out': at('secret'),
    ...changes,
  };
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return ['phoenix', 'register', ...given];
}

export interface Outcome {
  readonly code: number;
  readonly said: string;
  readonly complained: string;
}

export async function run(
  given: readonly string[],
  how: { env?: Record<string, string>; answer?: string } = {},
): Promise<Outcome> {
  const said: string[] = [];
  const complained: string[] = [];
  const code = await runCommand(given, {
    env: how.env ?? env,
    print: (line) => said.push(line),
    printError: (line) => complained.push(line),
    ask: async () => how.answer ?? '',
  });
  const outcome = { code, said: said.join('\n'), complained: complained.join('\n') };
  for (const secret of [initialSecret, password]) {
    expect(isSeen(secret, `${outcome.said}${outcome.complained}`)).toBe(false);
  }
  return outcome;
}
