// Every adapter keeps the provider contract.
import { describe, it } from '@jest/globals';
import { providerContract } from 'payout-guard/testing';
import { interswitchTarget, phoenixTarget } from './targets/interswitch.js';
import { jpayTarget } from './targets/jpay.js';
import { paystackTarget } from './targets/paystack.js';
import { stripePayoutsTarget, stripeTransfersTarget } from './targets/stripe.js';
import { wiseTarget } from './targets/wise.js';

const targets = [
  jpayTarget,
  interswitchTarget,
  phoenixTarget,
  paystackTarget,
  stripeTransfersTarget,
  stripePayoutsTarget,
  wiseTarget,
];

for (const target of targets) {
  providerContract({ describe, it }, target);
}
