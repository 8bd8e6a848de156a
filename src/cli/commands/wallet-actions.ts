// `payout-guard freeze`, `unfreeze` and `accept-limits`: acts on a wallet for every process.
import type { Call, Run } from '../call.js';
import { confirm } from '../confirm.js';
import { exitCodes } from '../exit-codes.js';
import { jsonText } from '../output/text.js';
import { operatorOfCall, reasonOf, refuseMemory, walletOf, withGuard } from '../session.js';
import { UsageError } from '../usage.js';

export const freeze: Run = (call) => change(call, 'freeze');
export const unfreeze: Run = (call) => change(call, 'unfreeze');
export const acceptLimits: Run = (call) => change(call, 'acceptLimits');

const results = {
  freeze: { text: 'is frozen', json: { frozen: true } },
  unfreeze: { text: 'is not frozen any more', json: { frozen: false } },
  acceptLimits: { text: 'counts its daily limits again', json: { limitsAccepted: true } },
} as const;

async function change(call: Call, action: keyof typeof results): Promise<number> {
  const reason = reasonOf(call);
  return withGuard(call, async (session) => {
    refuseMemory(session);
    const { key, currency, hasDailyLimits } = await walletOf(session.guard, call.args[0], 'WALLET');
    if (action === 'acceptLimits' && !hasDailyLimits) throw new UsageError('WALLET: it has no limits per day');
    const operator = operatorOfCall(session);
    await confirm(call, action, `${key} (${currency.code})`);
    await operator[action]({ wallet: key, reason });
    const { text, json } = results[action];
    call.context.print(call.options.json ? jsonText({ wallet: key, ...json }) : `${key} ${text}`);
    return exitCodes.done;
  });
}
