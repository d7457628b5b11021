import { status } from '@grpc/grpc-js';

/** Refuses a request with a cause and a remedy; nothing was changed. */
export class ApiError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
  }
}

export function notFound(kind: string, name: string, list: string): ApiError {
  return new ApiError(status.NOT_FOUND, `no ${kind} is called ${name}; \`${list}\` lists them`);
}

export function refused(message: string): ApiError {
  return new ApiError(status.FAILED_PRECONDITION, message);
}

export function badRequest(message: string): ApiError {
  return new ApiError(status.INVALID_ARGUMENT, message);
}
