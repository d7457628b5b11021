const ADDRESS_PATTERN = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;

/** `host:port`, an IPv6 address in brackets. null where it is neither. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } | null {
  const [, bracketed, plain, port] = ADDRESS_PATTERN.exec(address) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? null : { host, port: Number(port) };
}
