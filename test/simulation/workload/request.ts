// A client request to a process to make a payout.
import type { Process } from '../process.js';
import type { Flow, Payout } from '../truth.js';
import type { World } from '../world.js';
import { approval } from './approval.js';
import { type Call, callOf } from './call.js';
import { manual, reserve, withHold } from './inline.js';
import { guardedRouteCall, payoutRouteCall } from './routes.js';

const flows: Record<Flow, (call: Call) => Promise<void>> = {
  withHold,
  reserve,
  manual,
  approval,
  payoutRoute: payoutRouteCall,
  guardedRoute: guardedRouteCall,
};

export function requestPayout(world: World, process: Process, payout: Payout): Promise<void> {
  return flows[payout.flow](callOf(world, process, payout));
}

/** Requests a wallet that no guard has. Another wallet is never used. */
export async function requestUnknownWallet(world: World, process: Process, payout: Payout): Promise<void> {
  const { request } = callOf(world, process, payout);
  await process.guard.withHold({ ...request, wallet: 'no-such-wallet' }, () => {
    world.report('foreign', `${payout.reference} of an unknown wallet was approved`);
  });
}
