// The callback of the JPay simulator when a payout ended. The provider documents neither a signature nor retries, so
// there are none.

/** A callback that was posted, or was to be. */
export interface JpayCallback {
  readonly refNo: string;
  /** The status in its body. */
  readonly status: string;
  /** The HTTP status it was answered with, if it was. */
  readonly answer?: number | undefined;
  /** Reason if it was not delivered. */
  readonly problem?: string | undefined;
}

const longestMs = 5_000;
// A URL never has these hosts in another spelling.
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Posts to a loopback address, and never to another one, whatever the application under test asks for. */
export async function postCallback(
  url: string,
  body: string,
  closing: AbortSignal,
): Promise<Pick<JpayCallback, 'answer' | 'problem'>> {
  if (!URL.canParse(url) || !loopback.test(new URL(url).hostname)) return { problem: 'not a loopback address' };
  const signal = AbortSignal.any([closing, AbortSignal.timeout(longestMs)]);
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    return { answer: response.status };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    return { problem: cause?.code ?? message };
  }
}
