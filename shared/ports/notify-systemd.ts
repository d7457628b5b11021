import { execFile } from 'node:child_process';

/**
 * Tells systemd how the program is (sd_notify(3)). node:net cannot send datagrams to a Unix socket, so systemd-notify
 * does it; the unit needs NotifyAccess=all. Outside systemd nothing happens.
 */
export function notifySystemd(...states: readonly string[]): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  // A lost notification is repeated by the next; a missing watchdog ping restarts the program, which is right.
  execFile('systemd-notify', [...states], () => undefined);
}

/** Pings the watchdog at half its interval, as long as the event loop turns. @returns how to stop. */
export function pingWatchdog(): () => void {
  const intervalUs = Number(process.env['WATCHDOG_USEC'] ?? 0);
  if (intervalUs === 0) return () => undefined;
  const timer = setInterval(() => notifySystemd('WATCHDOG=1'), intervalUs / 2_000);
  return () => clearInterval(timer);
}
