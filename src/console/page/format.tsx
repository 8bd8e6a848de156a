// Amounts, times and names, as every page writes them.
import type { ComponentChildren } from 'preact';
import { go, hrefOf } from './route.js';
import { Text } from './text.js';

/** Digits in groups by style alone: copied text is the plain number. Never rounded, never abbreviated. */
export function Amount({ value, places = 0 }: { readonly value: string; readonly places?: number }) {
  const parts = /^(-?)(\d+)(\.\d+)?$/.exec(value);
  // Text that is being typed may be no amount.
  if (!parts) return <span class="amount">{value}</span>;
  const [, sign = '', whole = '', decimals = ''] = parts;
  const groups = whole.match(/\d{1,3}(?=(\d{3})*$)/g) ?? [whole];
  const missing = Math.max(0, places === 0 ? 0 : places + 1 - decimals.length);
  return (
    <span class={`amount pad-${missing}`}>
      {sign && '-'}
      {groups.map((group, index) => (
        <span class="group" key={index}>
          {group}
        </span>
      ))}
      {decimals}
    </span>
  );
}

/** Text with its digits in groups, for places that take no elements. */
export function grouped(amount: string): string {
  const [whole = '', ...decimals] = amount.split('.');
  return [whole.replace(/\d(?=(\d{3})+$)/g, '$&\u00a0'), ...decimals].join('.');
}

/** Local time with its distance from UTC; UTC on hover. */
export function Time({ at, seconds = true }: { readonly at: string; readonly seconds?: boolean }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={utcText(date)}>
      {localText(date, seconds)}&nbsp;<span class="zone">{zoneText(date)}</span>
    </time>
  );
}

export function localText(date: Date, seconds = true): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const minute = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${day} ${minute}${seconds ? `:${two(date.getSeconds())}` : ''}`;
}

/** The distance of the viewer's zone from UTC at this time, such as `UTC+3` or `UTC−03:30`. */
export function zoneText(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const text = rest === 0 ? String(hours) : `${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
  return minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${text}`;
}

/** The name of the viewer's zone, and its distance from UTC now. */
export function zoneName(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const text = zoneText(new Date());
  return timeZone === text ? text : `${timeZone} (${text})`;
}

export function utcText(date: Date): string {
  return `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** The two largest units of a duration. */
export function durationText(ms: number): string {
  const first = units.findIndex(([, unitMs]) => ms >= unitMs);
  if (first < 0) return ms > 0 ? 'under 1 s' : '0 s';
  const [[name, unitMs] = ['s', 1_000], next] = units.slice(first);
  const rest = next ? Math.floor((ms % unitMs) / next[1]) : 0;
  return `${Math.floor(ms / unitMs)} ${name}${next && rest > 0 ? ` ${rest} ${next[0]}` : ''}`;
}

const marks: Readonly<Record<string, string>> = { reserved: '○', sent: '→', captured: '✓', released: '✕' };

/** A state with a mark and its name: colour is never the only sign. */
export function State({ state, more }: { readonly state: string; readonly more?: string | undefined }) {
  return (
    <span class={`state state-${state}`}>
      <span aria-hidden="true">{marks[state] ?? '•'}</span> {state}
      {more && ` (${more})`}
    </span>
  );
}

export function Link({
  to,
  children,
  ...more
}: {
  to: Record<string, string>;
  children: ComponentChildren;
  class?: string;
}) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={hrefOf(to)} onClick={follow} {...more}>
      {children}
    </a>
  );
}

export function PayoutLink({ reference }: { readonly reference: string }) {
  return (
    <Link to={{ page: 'payout', reference }} class="reference">
      <Text value={reference} />
    </Link>
  );
}

/** A table that scrolls by itself where the window is narrow. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

export function Problem({ text }: { readonly text: string | undefined }) {
  return text ? (
    <p class="banner bad" role="alert">
      <strong>Error.</strong> <Text value={text} />
    </p>
  ) : null;
}
