// How the JPay simulator tells an application that a payout ended. The provider documents neither a signature nor what
// happens when nobody listens, so there is none, and it is tried once.

/** A callback that was posted, or was to be. */
export interface JpayCallback {
  readonly refNo: string;
  /** What it said of the payout. */
  readonly status: string;
  /** The HTTP status it was answered with, if it was. */
  readonly answer?: number | undefined;
  /** Why it was not delivered. */
  readonly problem?: string | undefined;
}

const longestMs = 5_000;
// A URL never has these hosts in another spelling.
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Posts to a loopback address; a simulator talks to nobody else, whatever the application under test says. */
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
