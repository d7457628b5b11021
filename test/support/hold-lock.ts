import { spawn } from 'node:child_process';

/** fcntl locks die with their process, and flock(1) makes others: perl is on every Debian. */
const SCRIPT = 'use Fcntl; open(my $f, "+<", $ARGV[0]) or die; my $lock = pack("ssll!l!lx4", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $lock) or die "lock: $!"; $| = 1; print "held\\n"; sleep 600;';

/** Another process takes a lock of a package system. @returns how to let go. */
export async function holdLock(path: string): Promise<() => Promise<void>> {
  const child = spawn('perl', ['-e', SCRIPT, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the lock was not taken')));
  });
  return async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
}
