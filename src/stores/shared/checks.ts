// Refuses what the databases must never see: one odd operation would fail the batch that it travels in.
import { InvalidArgumentError, InvalidReferenceError } from '../../core/errors.js';
import { assertBatch, type HoldBatch } from '../../core/hold-batch.js';
import type { DayLimits, HoldAllRequest, HoldRequest, SettleRequest } from '../../core/store.js';

/**
 * @param checked - A request that is in order; what both have in common is not checked again.
 * @throws `InvalidReferenceError`, `InvalidArgumentError`
 */
export function assertHoldRequest(request: HoldRequest, checked?: HoldRequest): void {
  const { wallet, reference, attempt, amountMinor, currency, limitMinor, state, epoch, fingerprint, metadata } =
    request;
  assertReference(reference);
  if (wallet !== checked?.wallet) assertText('wallet', wallet);
  assertText('attempt', attempt);
  if (epoch !== checked?.epoch) assertText('epoch', epoch);
  assertThat(typeof amountMinor === 'bigint' && amountMinor > 0n, 'amountMinor', 'must be a positive bigint');
  assertThat(typeof limitMinor === 'bigint', 'limitMinor', 'must be a bigint');
  assertThat(state === 'sent' || state === 'reserved', 'state', "must be 'reserved' or 'sent'");
  assertDuration('expiresInMs', request.expiresInMs);
  assertDuration('sendsForMs', request.sendsForMs);
  if (currency !== checked?.currency) assertThat(isCurrency(currency), 'currency', 'must have a code and an exponent');
  if (fingerprint !== undefined) assertText('fingerprint', fingerprint);
  assertThat(isMetadata(metadata), 'metadata', 'must be an object of texts');
  if (request.limits !== undefined) assertLimits(request.limits);
}

function assertLimits({ day, startMs, endMs, perDayMinor = 0n, payee, perPayeeMinor = 0n }: DayLimits): void {
  assertThat(isDuration(day), 'limits.day', 'must be a whole number of days');
  assertDuration('limits.startMs', startMs);
  assertDuration('limits.endMs', endMs);
  if (payee !== undefined) assertText('limits.payee', payee);
  const areAmounts = [perDayMinor, perPayeeMinor].every((minor) => typeof minor === 'bigint' && minor >= 0n);
  assertThat(areAmounts, 'limits', 'must be bigints of 0 or more');
}

/** @throws `InvalidReferenceError`, `InvalidArgumentError` */
export function assertHoldAllRequest(request: HoldAllRequest, { holds }: HoldBatch): void {
  assertBatch(request);
  for (const [index, hold] of holds.entries()) assertHoldRequest(hold, holds[index - 1]);
  if (!request.from) return;
  assertReference(request.from.reference);
  assertText('attempt', request.from.attempt);
}

/** @throws `InvalidReferenceError`, `InvalidArgumentError` */
export function assertSettleRequest(request: SettleRequest): void {
  assertReference(request.reference);
  if (request.attempt !== undefined) assertText('attempt', request.attempt);
  if (request.to === 'sent') {
    assertDuration('sendsForMs', request.sendsForMs);
    if (request.sender !== undefined) assertText('sender', request.sender);
    if (request.check) assertText('epoch', request.check.epoch);
    assertThat(typeof (request.check?.limitMinor ?? 0n) === 'bigint', 'limitMinor', 'must be a bigint');
  }
  if (request.to === 'reserved') assertDuration('expiresInMs', request.expiresInMs);
  if (request.to === 'released' && request.sender !== undefined) assertText('sender', request.sender);
  if (request.to !== 'captured') return;
  const { actualMinor = 0n, visibleInMs } = request;
  assertThat(typeof actualMinor === 'bigint' && actualMinor >= 0n, 'actualMinor', 'must be a bigint of 0 or more');
  assertDuration('visibleInMs', visibleInMs);
}

/** @throws `InvalidReferenceError` */
export function assertReference(reference: string): void {
  if (!isText(reference)) throw new InvalidReferenceError();
}

/** @throws `InvalidArgumentError` */
export function assertText(name: string, text: unknown): void {
  assertThat(isText(text), name, 'must be 1 to 256 characters that can be printed');
}

/** @throws `InvalidArgumentError` */
export function assertNote(key: string, ...texts: readonly (string | undefined)[]): void {
  assertText('key', key);
  const isNote = (text: unknown) => text === undefined || (typeof text === 'string' && notePattern.test(text));
  assertThat(texts.every(isNote), 'note', 'must be 1 to 16,384 characters that can be printed');
}

const notePattern = /^[^\p{Cc}\p{Cs}]{1,16384}$/u;

/** No control characters, no halves of characters, and short enough for an index. The first test is the fast one. */
function isText(text: unknown): boolean {
  return typeof text === 'string' && (/^[ -~]{1,256}$/.test(text) || /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(text));
}

function isDuration(ms: unknown): boolean {
  return Number.isSafeInteger(ms) && (ms as number) >= 0;
}

function isMetadata(metadata: unknown): boolean {
  if (typeof metadata !== 'object' || metadata === null) return false;
  for (const key in metadata) if (typeof (metadata as Record<string, unknown>)[key] !== 'string') return false;
  return true;
}

function isCurrency(currency: unknown): boolean {
  const { code, exponent } = (currency ?? {}) as { code?: unknown; exponent?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9]{2,9}$/.test(code) && Number.isInteger(exponent);
}

function assertDuration(name: string, ms: unknown): void {
  assertThat(isDuration(ms), name, 'must be a whole number of milliseconds');
}

function assertThat(isSo: boolean, argument: string, rule: string): void {
  if (!isSo) throw new InvalidArgumentError(argument, rule);
}
