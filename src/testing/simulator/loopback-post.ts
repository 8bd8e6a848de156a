// Posts of a simulator to the application under test.

/** The end of a post. */
export interface PostResult {
  /** The HTTP status it was answered with, if it was. */
  readonly answer?: number | undefined;
  /** Reason if it was not delivered. */
  readonly problem?: string | undefined;
}

const longestMs = 5_000;
// A URL never has these hosts in another spelling.
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Posts JSON to a loopback address, and never to another one, whatever the application under test asks for. */
export async function postToLoopback(
  url: string,
  body: string,
  closing: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<PostResult> {
  if (!URL.canParse(url) || !loopback.test(new URL(url).hostname)) return { problem: 'not a loopback address' };
  const signal = AbortSignal.any([closing, AbortSignal.timeout(longestMs)]);
  const post = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  try {
    const response = await fetch(url, { ...post, signal, redirect: 'manual' });
    await response.body?.cancel();
    return { answer: response.status };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    return { problem: cause?.code ?? message };
  }
}
