/**
 * When a certificate wants to be renewed: after two thirds of its life, spread over the twelfth that follows, so that hosts
 * enrolled together do not all come at once. What is left is time for an outage.
 * @param jitter uniform in [0, 1), drawn once per certificate.
 */
export function renewalDueUnixMs({ notBeforeUnixMs, notAfterUnixMs }: { readonly notBeforeUnixMs: number; readonly notAfterUnixMs: number }, jitter: number): number {
  const lifeMs = notAfterUnixMs - notBeforeUnixMs;
  return Math.round(notBeforeUnixMs + (lifeMs * 2) / 3 + (lifeMs / 12) * jitter);
}
