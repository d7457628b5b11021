/** Programs that serve others over TLS, looked at from outside: neither look trusts who answers, nor tells it anything. */
export interface Endpoints {
  /** Whether anybody takes a connection there. @param url `https://10.0.0.1:6443` */
  accepts(url: string, signal: AbortSignal): Promise<boolean>;
  /** Whether the API server there says of itself that it is ready. */
  isReady(url: string, signal: AbortSignal): Promise<boolean>;
}
