/**
 * @returns the newest of these kernel releases where it is newer than the running one, else null. Releases go by their
 * numbers (6.1.0-18-amd64 before 6.1.0-20-amd64, 6.9 before 6.10); what follows the numbers is their flavour.
 */
export function newerKernel(running: string, installed: readonly string[]): string | null {
  const newest = installed.reduce((best, one) => (compare(one, best) > 0 ? one : best), running);
  return compare(newest, running) > 0 ? newest : null;
}

function compare(one: string, other: string): number {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(release: string): readonly number[] {
  return (/^\d+(?:[.-]\d+)*/.exec(release)?.[0] ?? '').split(/[.-]/).map(Number);
}
