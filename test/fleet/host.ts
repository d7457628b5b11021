import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { killCgroups, removeCgroupsBelow, setFrozen } from './cgroup-tree.ts';
import { writeFirstFiles } from './first-files.ts';
import { enterHost, execInHost, type ExecOptions, peekInHost } from './host-exec.ts';
import { type HostFiles, makeHostFiles } from './host-files.ts';
import type { HostSetup } from './host-setup.ts';
import { inotifyShortage } from './inotify-instances.ts';
import { lastLines, type NspawnRun, rebootExitCode, startNspawn } from './nspawn.ts';
import { makeOpenFaults, type OpenFaults } from './open-faults.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import type { ProgramResult } from './run-program.ts';
import { connectHost, namespaceOfHost, setHostLink } from './switch-network.ts';
import { waitUntilStarted } from './wait-until-started.ts';

const bootMaxMs = 60_000;
const endMaxMs = 20_000;
const pollMs = 15;

/** One host of a fleet: a systemd of its own, with its own disk, address and control groups. */
export class Host implements HostFiles {
  readonly name: string;
  readonly address: string;
  readonly machineId: string;
  readonly writeFile: HostFiles['writeFile'];
  readonly readFile: HostFiles['readFile'];
  readonly copyIn: HostFiles['copyIn'];
  readonly #setup: HostSetup;
  #run: NspawnRun | null = null;
  #isReady = false;
  #booting: Promise<void> = Promise.resolve();
  #bootCount = 0;
  #isAbandoned = false;
  #isBeingKilled = false;
  #killCount = 0;
  /** Why it did not come back from a reboot that nobody waits for. */
  #startError: Error | null = null;
  #isFrozen = false;
  #isPartitioned = false;
  #mounting: Promise<void> | null = null;
  readonly #faults: OpenFaults;

  constructor(setup: HostSetup) {
    this.#setup = setup;
    this.name = setup.name;
    this.#faults = makeOpenFaults(setup.faultLog, setup.name);
    this.address = setup.address;
    this.machineId = createHash('sha256').update(`${setup.folder}/${setup.name}`).digest('hex').slice(0, 32);
    const files = makeHostFiles(() => this.#enterRoot(), setup.folder);
    this.writeFile = files.writeFile;
    this.readFile = files.readFile;
    this.copyIn = files.copyIn;
  }

  /** The host's process 1 as this machine sees it; null while it is down. */
  get leader(): ProcessIdentity | null {
    return this.#run !== null && isAlive(this.#run.leader) ? this.#run.leader : null;
  }

  /** How often it was started. */
  get bootCount(): number {
    return this.#bootCount;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get isPartitioned(): boolean {
    return this.#isPartitioned;
  }

  /** The host's groups in every hierarchy of control groups of this machine. */
  get cgroups(): readonly string[] {
    return this.#setup.cgroups;
  }

  /** What the host wrote on its console since it was made. */
  get consoleLog(): string {
    return `${this.#setup.folder}/console.log`;
  }

  /** True when its systemd finished starting and still lives, frozen or cut off or not. */
  isUp(): boolean {
    return this.#isReady && this.leader !== null;
  }

  /** Starts it and waits until systemd finished starting. Does nothing when it is up or on its way. */
  boot(): Promise<void> {
    if (this.#run === null && !this.#isAbandoned) {
      this.#booting = this.#booting.catch(() => undefined).then(() => (this.#run === null ? this.#start() : undefined));
      this.#booting.catch(() => undefined);
    }
    return this.#booting;
  }

  /** Resolves when the boot that is under way is over, also one that the host asked for itself. */
  async waitUntilUp(timeoutMs = bootMaxMs): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.isUp()) {
      if (this.#startError !== null) throw this.#startError;
      if (performance.now() > deadline) throw new Error(`host ${this.name} did not come up in ${timeoutMs} ms: ${lastLines(this.consoleLog)}`);
      await sleep(pollMs);
    }
  }

  /** Runs a program as a transient unit of the host. Throws only when the host is down. */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ProgramResult> {
    return execInHost(this.#mustLead(), argv, options);
  }

  /** As exec; an exit code other than 0 throws. Returns standard output. */
  async mustExec(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
    const result = await this.exec(argv, options);
    if (result.exitCode !== 0) throw new Error(`${this.name}: ${argv.join(' ')}: exit code ${result.exitCode}${result.timedOut ? ' (time is up)' : ''}: ${(result.stderr || result.stdout).trim().slice(-2000)}`);
    return result.stdout;
  }

  /** The cheap look: in the host's namespaces, but in the caller's control group. */
  peek(argv: readonly string[], options: ExecOptions = {}): Promise<ProgramResult> {
    return peekInHost(this.#mustLead(), argv, options);
  }

  /** Kill -9 of the whole host. The page cache survives: this says nothing about fsync. */
  async crash(): Promise<void> {
    this.#faults.begin('crash');
    await this.#kill();
  }

  /**
   * The power goes: everything stops at once, its peers hear nothing, and what was not fsynced is lost. `boot` brings it
   * back with what the disk has.
   */
  async powerCut(): Promise<void> {
    this.#faults.begin('power cut');
    const { disk, holder, index } = this.#setup;
    if (this.#run !== null) {
      await setHostLink(holder, index, false); // A dying process would still send FIN; one without power does not.
      setFrozen(this.cgroups, true); // Nothing may act on the write errors that follow, or tell others of them.
    }
    if (disk.isMounted()) await disk.cutPower();
    await this.#kill();
    await disk.unmount();
  }

  /** `systemctl reboot` inside, and back up. */
  async reboot(timeoutMs = bootMaxMs): Promise<void> {
    this.#faults.begin('reboot');
    const [before, killsBefore] = [this.#bootCount, this.#killCount];
    await this.peek(['systemctl', 'reboot', '--no-block']);
    const deadline = performance.now() + timeoutMs;
    while (this.#bootCount === before && performance.now() < deadline) {
      if (this.#killCount !== killsBefore) throw new Error(`host ${this.name} was stopped while it rebooted`);
      await sleep(pollMs);
    }
    await this.waitUntilUp(Math.max(1, deadline - performance.now()));
  }

  /** `systemctl poweroff` inside; it stays down until `boot`. */
  async powerOff(): Promise<void> {
    this.#faults.begin('power off');
    const run = this.#run;
    await this.peek(['systemctl', 'poweroff', '--no-block']);
    const inTime = new AbortController();
    await Promise.race([run?.ended, sleep(endMaxMs, null, { signal: inTime.signal }).then(() => this.#kill(), () => undefined)]);
    inTime.abort();
    while (this.#run !== null) await sleep(pollMs);
  }

  /** Powers it off and keeps its disk as it is then, once: `restore` brings exactly that back. It stays down until `boot`. */
  async snapshot(): Promise<void> {
    await this.powerOff();
    await this.#setup.disk.snapshot();
  }

  /** From any state, up or down. It stays down until `boot`. */
  async restore(): Promise<void> {
    this.#faults.begin('crash');
    await this.#kill();
    await this.#setup.disk.restore();
  }

  /** Pulls its cable at the switch. Holds over reboots until `heal`. */
  async partition(): Promise<void> {
    if (this.#isPartitioned) return;
    this.#faults.begin('partition');
    this.#isPartitioned = true;
    await setHostLink(this.#setup.holder, this.#setup.index, false);
  }

  async heal(): Promise<void> {
    this.#isPartitioned = false;
    if (this.#run !== null) await setHostLink(this.#setup.holder, this.#setup.index, true);
    this.#faults.end('partition');
  }

  /** Stops all its processes where they are. Its cable stays plugged: peers see a host that does not answer. */
  freeze(): Promise<void> {
    this.#faults.begin('freeze');
    setFrozen(this.cgroups, true);
    this.#isFrozen = true;
    return Promise.resolve();
  }

  thaw(): Promise<void> {
    setFrozen(this.cgroups, false);
    this.#isFrozen = false;
    this.#faults.end('freeze');
    return Promise.resolve();
  }

  /** Uses up its disk but for `leaveBytes`; returns the bytes used up. */
  fillDisk(leaveBytes = 0): Promise<number> {
    this.#faults.begin('disk full');
    return this.#setup.disk.fill(leaveBytes);
  }

  async unfill(): Promise<void> {
    await this.#setup.disk.unfill();
    this.#faults.end('disk full');
  }

  /** The fleet is being taken down: no start from here on. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  async #start(): Promise<void> {
    const { cgroups, disk, holder, index, name } = this.#setup;
    this.#startError = null;
    await this.#mount();
    await connectHost(holder, index, !this.#isPartitioned);
    this.#mustNotEnd();
    const run = await startNspawn(holder, {
      name, root: disk.root, binds: this.#setup.binds, networkNamespace: namespaceOfHost(index), cgroups, consoleLog: this.consoleLog,
    });
    this.#run = run;
    this.#bootCount += 1;
    void run.ended.then((exitCode) => this.#afterEnd(exitCode));
    if (this.#isBeingKilled || this.#isAbandoned) run.kill();
    if (!(await waitUntilStarted(run.leader, bootMaxMs))) throw new Error(`host ${name} did not finish starting${inotifyShortage()}: ${lastLines(this.consoleLog)}`);
    this.#isReady = true;
    this.#faults.end('crash', 'power cut', 'reboot', 'power off');
  }

  /** Exit code 133 asks for a reboot. A clean end is one after which the disk holds all that was written. */
  async #afterEnd(exitCode: number): Promise<void> {
    this.#isReady = false;
    killCgroups(this.cgroups);
    removeCgroupsBelow(this.cgroups);
    if (!this.#isAbandoned && (exitCode === 0 || exitCode === rebootExitCode)) await this.#setup.disk.sync().catch(() => undefined);
    this.#run = null;
    if (exitCode === rebootExitCode && !this.#isAbandoned && !this.#isBeingKilled) await this.boot().catch((error: Error) => { this.#startError = error; });
  }

  /** Also ends a start or a reboot that is under way. */
  async #kill(): Promise<void> {
    this.#isBeingKilled = true;
    this.#killCount += 1;
    this.#run?.kill();
    killCgroups(this.cgroups);
    await this.#booting.catch(() => undefined);
    const deadline = performance.now() + endMaxMs;
    while (this.#run !== null && performance.now() < deadline) await sleep(pollMs);
    setFrozen(this.cgroups, false);
    this.#isFrozen = false;
    this.#faults.end('freeze');
    this.#isBeingKilled = false;
  }

  /** Mounted once, however many ask for it at a time. */
  #mount(): Promise<void> {
    this.#mounting ??= this.#mountNow().finally(() => { this.#mounting = null; });
    return this.#mounting;
  }

  async #mountNow(): Promise<void> {
    const { disk, firstFiles, holder } = this.#setup;
    await disk.mount();
    await writeFirstFiles(holder.path(disk.root), this.machineId, firstFiles);
    await disk.sync();
  }

  async #enterRoot(): Promise<readonly string[]> {
    const { leader } = this;
    if (leader !== null) return enterHost(leader);
    await this.#mount();
    return [...this.#setup.holder.enterMounts, 'chroot', this.#setup.disk.root];
  }

  #mustNotEnd(): void {
    if (this.#isAbandoned || this.#isBeingKilled) throw new Error(`host ${this.name} was stopped while it started`);
  }

  #mustLead(): ProcessIdentity {
    const { leader } = this;
    if (leader === null) throw new Error(`host ${this.name} is down`);
    return leader;
  }
}
