// Every adapter keeps the provider contract.
import { describe, it } from '@jest/globals';
import { providerContract } from 'payout-guard/testing';
import { interswitchTarget, phoenixTarget } from './targets/interswitch.js';
import { jpayTarget } from './targets/jpay.js';
import { paystackTarget } from './targets/paystack.js';

for (const target of [jpayTarget, interswitchTarget, phoenixTarget, paystackTarget]) {
  providerContract({ describe, it }, target);
}
