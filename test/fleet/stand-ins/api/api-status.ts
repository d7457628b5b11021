/** A refusal, in the form of metav1.Status (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/). */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }

  toStatus(): Readonly<Record<string, unknown>> {
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: this.message, ...(this.reason === '' ? {} : { reason: this.reason }), code: this.code };
  }
}

export function notFound(resource: string, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${resource} "${name}" not found`);
}
