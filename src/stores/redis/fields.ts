// The fields of the texts that the scripts read and write: lines, of which an empty one has no value.

/** The text up to the first line break, and after it. */
export function firstLine(text: string): [string, string] {
  const end = text.indexOf('\n');
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

export function number(text: string | undefined): number | undefined {
  return text ? Number(text) : undefined;
}

export function optional(value: bigint | number | undefined): string {
  return value === undefined ? '' : `${value}`;
}

export function flag(is: boolean | undefined): string {
  return is === true ? '1' : '';
}

export function isSet(flag: string | undefined): true | undefined {
  return flag === '1' ? true : undefined;
}
