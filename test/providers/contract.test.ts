// Every adapter keeps the provider contract.
import { describe, it } from '@jest/globals';
import { providerContract } from 'payout-guard/testing';
import { flutterwaveTarget } from './targets/flutterwave.js';
import { interswitchTarget, phoenixTarget } from './targets/interswitch.js';
import { jpayTarget } from './targets/jpay.js';
import { monnifyTarget } from './targets/monnify.js';
import { paystackTarget } from './targets/paystack.js';

for (const target of [jpayTarget, interswitchTarget, phoenixTarget, paystackTarget, flutterwaveTarget, monnifyTarget]) {
  providerContract({ describe, it }, target);
}
