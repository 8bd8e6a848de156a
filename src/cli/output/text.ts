// Times, ages and counts as people read them.

/** `2026-11-26T15:41:08Z`. */
export function timeText(time: Date | undefined): string {
  return time === undefined ? '' : time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The two largest units: `2d 3h`, `5m 10s`, `0s`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(Math.max(ms, 0) / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

/** `1 hold`, `2 holds`. */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
