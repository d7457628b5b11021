/** The host as something that boots. */
export interface HostBoot {
  /** Another one after every boot, power cuts included. */
  bootId(): string;
  /** Release of the running kernel, as uname -r prints it. */
  kernel(): string;
  /** Releases of the kernels that lie ready to be booted; none in a container. */
  installedKernels(): Promise<readonly string[]>;
  /** A package said so: /run/reboot-required, which no boot outlives. */
  isRebootRequired(): Promise<boolean>;
  /** Asks for a reboot and returns: everything is ended in order, this process too. @returns '' or what systemd said. */
  reboot(signal: AbortSignal): Promise<string>;
  /** `starting` until the boot is over, then `running`, `degraded` or another state of systemctl(1), is-system-running. */
  state(signal: AbortSignal): Promise<string>;
  failedUnits(signal: AbortSignal): Promise<readonly string[]>;
}
