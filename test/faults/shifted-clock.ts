// The clock of this process, which can be put off.

const RealDate = Date;
let offsetMs = 0;

/** Puts the clock of this process forward, or back when negative. */
export function shiftClock(ms: number): void {
  offsetMs = ms;
}

class ShiftedDate extends RealDate {
  static override now(): number {
    return RealDate.now() + offsetMs;
  }

  constructor(...args: [] | [number | string | Date]) {
    super(...((args.length === 0 ? [ShiftedDate.now()] : args) as [number]));
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
