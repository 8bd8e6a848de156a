// Every adapter keeps the provider contract.
import { describe, it } from '@jest/globals';
import { providerContract } from 'payout-guard/testing';
import { flutterwaveTarget } from './targets/flutterwave.js';
import { httpListTarget, httpTarget } from './targets/http.js';
import { interswitchTarget, phoenixTarget } from './targets/interswitch.js';
import { jpayTarget } from './targets/jpay.js';
import { monnifyTarget } from './targets/monnify.js';
import { mtnMomoTarget } from './targets/mtn-momo.js';
import { pawapayOperatorTarget, pawapayTarget } from './targets/pawapay.js';
import { paystackTarget } from './targets/paystack.js';
import { stripePayoutsTarget, stripeTransfersTarget } from './targets/stripe.js';
import { wiseTarget } from './targets/wise.js';

const targets = [
  jpayTarget,
  interswitchTarget,
  phoenixTarget,
  paystackTarget,
  flutterwaveTarget,
  monnifyTarget,
  pawapayTarget,
  pawapayOperatorTarget,
  mtnMomoTarget,
  stripeTransfersTarget,
  stripePayoutsTarget,
  wiseTarget,
  httpTarget,
  httpListTarget,
];

for (const target of targets) {
  providerContract({ describe, it }, target);
}
