// The list of a payroll, which the test and the process that is killed make alike.

export interface Salary {
  readonly reference: string;
  readonly amount: string;
}

/** One salary for each employee. */
export function payrollOf(employees: number, amount: string): Salary[] {
  return Array.from({ length: employees }, (_, index) => ({ reference: `may-${index}`, amount }));
}
