// The callback of the JPay simulator when a payout ended. The provider documents neither a signature nor retries, so
// there are none.
import type { CallbackDelivery } from '../simulator/loopback-post.js';

/** A callback that was posted, or was to be. */
export interface JpayCallback extends CallbackDelivery {
  readonly refNo: string;
  /** The status in its body. */
  readonly status: string;
}
