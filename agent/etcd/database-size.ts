import type { EtcdStatus } from '../ports/etcd.ts';
import type { LocalMember } from './local-member.ts';

/** etcd's own, where nobody set another: https://etcd.io/docs/v3.6/op-guide/maintenance/#space-quota */
const DEFAULT_QUOTA_BYTES = 2 * 1024 ** 3;

/** Of one member's database. */
export interface DatabaseSize {
  readonly bytes: number;
  readonly inUseBytes: number;
  readonly quotaBytes: number;
}

/** Before 3.6 a member does not say its quota: then all are taken to have the one of this host. */
export function databaseSize({ dbSizeBytes, dbSizeInUseBytes, dbQuotaBytes }: EtcdStatus, { quotaBytes }: Pick<LocalMember, 'quotaBytes'>): DatabaseSize {
  return { bytes: dbSizeBytes, inUseBytes: dbSizeInUseBytes, quotaBytes: dbQuotaBytes ?? quotaBytes ?? DEFAULT_QUOTA_BYTES };
}

export function unusedPercent({ bytes, inUseBytes }: DatabaseSize): number {
  return bytes === 0 ? 0 : ((bytes - inUseBytes) / bytes) * 100;
}

export function quotaPercent({ bytes, quotaBytes }: DatabaseSize): number {
  return (bytes / quotaBytes) * 100;
}

export function describeSize({ bytes, inUseBytes }: DatabaseSize): string {
  return `${mebibytes(bytes)}, ${mebibytes(inUseBytes)} of it in use`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
