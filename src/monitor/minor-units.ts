/** Minor units of decimal text that this library wrote, which has all decimals of its currency; may be negative. */
export function minorUnits(text: string): bigint {
  return BigInt(text.replace('.', ''));
}
