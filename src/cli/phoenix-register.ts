// `payout-guard phoenix register`: makes the RSA key of a terminal, registers it, and saves the secret that signs from
// then on.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';
import { type BalanceUnavailableError, isPayoutGuardError } from '../core/errors.js';
import { readOptions } from '../core/problems.js';
import { alreadyRegistered } from '../providers/interswitch/sentences.js';
import { type PhoenixOptions, readPhoenix } from '../providers/phoenix/options.js';
import { type PhoenixProfile, registerTerminal } from '../providers/phoenix/registration.js';
import { reserveSecretFile } from './secret-file.js';
import { type CliContext, CommandFailure, type OptionTypes, readArguments, readTextFile, UsageError } from './usage.js';

const phoenixRegisterHelp = `payout-guard phoenix register <options>

Registers a terminal at Interswitch Uganda (Phoenix), once in its life, and saves the client secret
that signs from then on.

  --base-url URL               https://services.interswitchug.com/api/v1/phoenix, or for tests
                               https://dev.interswitch.io/api/v1/phoenix
  --client-id ID               issued by Interswitch
  --terminal-id ID             issued by Interswitch
  --serial-id NAME             a name for this device, chosen by you; it never changes
  --app-version TEXT           v1 unless given
  --new-private-key FILE       where the new RSA key is saved; or
  --private-key FILE           an RSA key that you have already, such as that of an attempt that failed
  --secret-out FILE            where the new client secret is saved
  --profile FILE               JSON with name, phoneNumber, nin, gender, emailAddress, ownerPhoneNumber, gprsCoordinate
  --password-form FORM         base64 (default), upperHex or base64OfHex
  --ask-otp                    asks for the one-time code that Interswitch sends, after the first step
  --dangerously-allow-http     http to a private network

Secrets come from files or the environment, never from arguments:

  --client-secret-file FILE    or PHOENIX_CLIENT_SECRET: the secret issued by Interswitch
  --password-file FILE         or PHOENIX_PASSWORD: the password of the account

Files are made with mode 0600. A file that is there already is not replaced.`;

const types: OptionTypes = {
  'base-url': 'string',
  'client-id': 'string',
  'terminal-id': 'string',
  'serial-id': 'string',
  'app-version': 'string',
  'new-private-key': 'string',
  'private-key': 'string',
  'secret-out': 'string',
  profile: 'string',
  'password-form': 'string',
  'ask-otp': 'boolean',
  'dangerously-allow-http': 'boolean',
  'client-secret-file': 'string',
  'password-file': 'string',
  help: 'boolean',
};

type Given = Readonly<Record<string, string>>;

/** Runs the command. @throws as {@link phoenixRegister}; a `UsageError` has its help. */
export async function runPhoenixRegister(args: readonly string[], context: CliContext): Promise<number> {
  try {
    return await phoenixRegister(args, context);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, phoenixRegisterHelp) : error;
  }
}

/** @throws `UsageError`, `CommandFailure`, or `ConfigurationError` for values that cannot work. */
async function phoenixRegister(args: readonly string[], { env, print, ask }: CliContext): Promise<number> {
  const given = readArguments(args, types);
  if (given.help) {
    print(phoenixRegisterHelp);
    return 0;
  }
  const secretPath = required(given, 'secret-out');
  const { gprsCoordinate, ...profile } = await readProfile(given.profile);
  const options = { ...(await readTerminal(given, env)), gprsCoordinate };
  const key = await readKey(given);
  const terminal = { ...options, privateKey: key.pem };
  readPhoenix(terminal);
  // Before anything is sent: afterwards it would be too late to find out that a secret cannot be saved.
  const secretFile = await reserveSecretFile('secret-out', secretPath);
  let isHalfDone = false;
  const otp = () => {
    isHalfDone = true;
    return given['ask-otp'] ? ask('One-time code: ') : '';
  };
  const register = async () => {
    await key.save();
    return registerTerminal(terminal, { profile, otp });
  };
  const { clientSecret } = await register().catch(async (error) => {
    await secretFile.abandon();
    throw explained(error, isHalfDone);
  });
  await secretFile.write(clientSecret);
  print('The terminal is registered. Its client secret is in the file of --secret-out; the key signs from now on.');
  return 0;
}

function required(given: Given, name: string): string {
  const value = given[name];
  if (!value) throw new UsageError(`--${name} is missing`);
  return value;
}

async function readTerminal(given: Given, env: CliContext['env']): Promise<Omit<PhoenixOptions, 'privateKey'>> {
  return {
    baseUrl: required(given, 'base-url'),
    clientId: required(given, 'client-id'),
    terminalId: required(given, 'terminal-id'),
    serialId: required(given, 'serial-id'),
    appVersion: given['app-version'] ?? 'v1',
    clientSecret: await readSecret(given, 'client-secret-file', env.PHOENIX_CLIENT_SECRET),
    password: await readSecret(given, 'password-file', env.PHOENIX_PASSWORD),
    passwordForm: given['password-form'] as PhoenixOptions['passwordForm'],
    dangerouslyAllowHttp: given['dangerously-allow-http'] !== undefined,
    // A person waits for it, and a repetition would be another registration.
    attemptTimeoutMs: 30_000,
    timeoutMs: 60_000,
  };
}

async function readSecret(given: Given, option: string, fromEnvironment: string | undefined): Promise<string> {
  const path = given[option];
  if (path !== undefined) return readTextFile(option, path);
  if (!fromEnvironment) throw new UsageError(`--${option} is missing, and so is the variable for it`);
  return fromEnvironment;
}

const profileSchema = z.strictObject({
  name: z.string().optional(),
  phoneNumber: z.string().optional(),
  nin: z.string().optional(),
  gender: z.string().optional(),
  emailAddress: z.string().optional(),
  ownerPhoneNumber: z.string().optional(),
  gprsCoordinate: z.string().optional(),
}) satisfies z.ZodType<unknown, PhoenixProfile>;

async function readProfile(path: string | undefined): Promise<z.infer<typeof profileSchema>> {
  if (path === undefined) return {};
  const text = await readTextFile('profile', path);
  try {
    return readOptions(profileSchema, JSON.parse(text));
  } catch (error) {
    if (isPayoutGuardError(error)) throw error;
    throw new UsageError('--profile: the file is not JSON');
  }
}

/** A key that is there, or a new one, to be saved before it is used. */
async function readKey(given: Given): Promise<{ readonly pem: string; readonly save: () => Promise<void> }> {
  const { 'private-key': path, 'new-private-key': newPath } = given;
  if ((path === undefined) === (newPath === undefined)) {
    throw new UsageError('pass either --new-private-key or --private-key');
  }
  if (path !== undefined) return { pem: await readTextFile('private-key', path), save: async () => {} };
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2_048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim();
  const save = async () => (await reserveSecretFile('new-private-key', String(newPath))).write(pem);
  return { pem, save };
}

function explained(error: unknown, isHalfDone: boolean): unknown {
  if (!isPayoutGuardError(error) || error.code !== 'balance_unavailable') return error;
  const { reason, detail } = error as BalanceUnavailableError;
  const what = detail === undefined ? reason : `${reason}: ${detail}`;
  if (detail?.endsWith(alreadyRegistered)) {
    return new CommandFailure(
      `the terminal is registered already (${what}). Only the client secret that its registration returned signs for ` +
        'it. If that is lost, ask Interswitch to reset the registration',
    );
  }
  return new CommandFailure(
    isHalfDone
      ? `the second step failed (${what}). There may be a new secret that was lost: ask Interswitch before another ` +
          'attempt, which needs --private-key with the same key'
      : `the first step failed (${what}). The terminal is not registered; another attempt may use the same key, with ` +
          '--private-key',
  );
}
