// `payout-guard migrate`: the tables of the store and of the history.
import { isPayoutGuardError } from '../../core/errors.js';
import { postgresFailure } from '../../stores/postgres/failure.js';
import type { Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import { jsonText } from '../output/text.js';
import { withGuard } from '../session.js';
import { CommandFailure, Refusal } from '../usage.js';

export const migrate: Run = (call) =>
  withGuard(call, async ({ store, history }) => {
    const parts = { store, history };
    const migrated: string[] = [];
    for (const [name, part] of Object.entries(parts)) {
      const own = (part as { migrate?: unknown } | undefined)?.migrate;
      if (typeof own !== 'function') continue;
      await (own.call(part) as Promise<void>).catch((error: unknown) => {
        // Errors of the client are thrown as they are, and their messages may hold secrets.
        throw isPayoutGuardError(error) ? error : new CommandFailure(`${name}: ${postgresFailure(error).message}`);
      });
      migrated.push(name);
    }
    if (migrated.length === 0) {
      throw new Refusal(`The store (${store.name}) and the history have no tables to migrate.`);
    }
    call.context.print(call.options.json ? jsonText({ migrated }) : `up to date: ${migrated.join(', ')}`);
    return exitCodes.done;
  });
