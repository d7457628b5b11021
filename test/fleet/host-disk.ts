import { existsSync, mkdirSync, openSync, closeSync, ftruncateSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Holder } from './holder.ts';
import { loopDevicesOf } from './remove-run.ts';
import { mustRun } from './run-program.ts';

/** A host's only disk: an ext4 image. On it lie the overlay's upper layer and, outside the overlay, the `ownPaths`. */
export interface HostDisk {
  /** Where the host's root file system is mounted, among the holder's mounts. */
  readonly root: string;
  readonly mount: () => Promise<void>;
  readonly isMounted: () => boolean;
  /** Writes down what a clean shutdown would have written down. */
  readonly sync: () => Promise<void>;
  /** From here on nothing reaches the disk, not even the journal that is still in memory. */
  readonly cutPower: () => Promise<void>;
  /** Returns once the kernel let go of the image. Throws when something still holds it. */
  readonly unmount: () => Promise<void>;
  /** Uses up all space but `leaveBytes`; returns the bytes used up. */
  readonly fill: (leaveBytes: number) => Promise<number>;
  readonly unfill: () => Promise<void>;
  /** What it holds now is what `restore` brings back. Both leave it unmounted. */
  readonly snapshot: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h). Node has no ioctl; perl-base is on every Debian. */
const shutdownScript = 'use Fcntl; sysopen(my $disk, $ARGV[0], O_RDONLY) or die "open: $!"; my $how = pack("L", 2); ioctl($disk, 0x8004587d, $how) or die "ioctl: $!";';
const unmountMaxMs = 10_000;
/** Nothing but fsync shall bring a file to disk within a test: the journal commits by itself every 5 s otherwise. */
const commitIntervalS = 300;

export interface HostDiskOptions {
  readonly folder: string;
  readonly rootFs: string;
  readonly diskMiB: number;
  readonly ownPaths: readonly string[];
}

/** Makes the image file, or takes the one that is there, and describes what can be done with it. Mounts nothing. */
export async function makeHostDisk(holder: Holder, options: HostDiskOptions): Promise<HostDisk> {
  const { folder, ownPaths } = options;
  const image = join(folder, 'disk.img');
  const disk = join(folder, 'disk');
  const root = join(folder, 'root');
  for (const path of [disk, root]) mkdirSync(path, { recursive: true });
  if (!existsSync(image)) await format(image, options.diskMiB);
  const onDisk = (path: string): string => join(disk, 'own', path.replaceAll('/', '_'));
  const filler = join(disk, 'filler');
  const kept = join(disk, 'kept');
  const mountDisk = (): Promise<string> => holder.run(['mount', '-t', 'ext4', '-o', `loop,commit=${commitIntervalS},nodiscard`, image, disk]);
  const unmountDisk = async (): Promise<void> => {
    await retry(() => holder.run(['umount', disk]));
    await retry(async () => {
      if (loopDevicesOf(folder).length > 0) throw new Error(`the kernel still holds ${image}`);
    });
  };
  let mounted = false;
  let hasSnapshot = false;
  const mount = async (): Promise<void> => {
    if (mounted) return;
    await mountDisk();
    await holder.run(['mkdir', '-p', join(disk, 'upper'), join(disk, 'work'), ...ownPaths.map(onDisk)]);
    const lower = hasSnapshot ? `${kept}/upper:${options.rootFs}` : options.rootFs;
    await holder.run(['mount', '-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${disk}/upper,workdir=${disk}/work`, 'overlay', root]);
    for (const path of ownPaths) {
      await holder.run(['mkdir', '-p', join(root, path)]);
      await holder.run(['mount', '--bind', onDisk(path), join(root, path)]);
    }
    mounted = true;
  };
  const unmount = async (): Promise<void> => {
    if (!mounted) return;
    await retry(() => holder.run(['umount', '--recursive', root]));
    await unmountDisk();
    mounted = false;
  };
  return {
    root,
    mount,
    unmount,
    isMounted: () => mounted,
    sync: async () => void (await holder.run(['sync', '--file-system', disk])),
    cutPower: async () => void (await holder.run(['perl', '-e', shutdownScript, disk])),
    fill: async (leaveBytes) => {
      const { bavail, bsize } = await statfs(holder.path(disk));
      const sizeBytes = Math.max(0, bavail * bsize - leaveBytes);
      // The map of the file's extents needs blocks too: fall back a little at a time.
      for (let tryBytes = sizeBytes; tryBytes > 0; tryBytes -= 64 * 1024) {
        const done = await holder.run(['fallocate', '--length', String(tryBytes), filler]).then(() => true, () => false);
        if (done) return tryBytes;
      }
      return 0;
    },
    unfill: () => rm(holder.path(filler), { force: true }),
    snapshot: async () => {
      if (hasSnapshot) throw new Error(`${image} has a snapshot already`);
      await unmount();
      await mountDisk();
      await holder.run(['mkdir', kept]);
      await holder.run(['mv', join(disk, 'upper'), join(disk, 'own'), kept]);
      await holder.run(['cp', '--archive', join(kept, 'own'), disk]);
      await unmountDisk();
      hasSnapshot = true;
    },
    restore: async () => {
      if (!hasSnapshot) throw new Error(`${image} has no snapshot`);
      await unmount();
      await mountDisk();
      await holder.run(['rm', '-rf', join(disk, 'upper'), join(disk, 'work'), join(disk, 'own')]);
      await holder.run(['cp', '--archive', join(kept, 'own'), disk]);
      await unmountDisk();
    },
  };
}

/** Sparse: it takes as much of the machine's disk as the host wrote. No blocks are kept back for root, who fills it. */
async function format(image: string, diskMiB: number): Promise<void> {
  const file = openSync(image, 'w');
  ftruncateSync(file, diskMiB * 1024 * 1024);
  closeSync(file);
  await mustRun(['mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard', '-J', `size=${diskMiB >= 256 ? 32 : 4}`, image]);
}

/** The last process of a host lets go of its files some moments after it was killed. */
async function retry<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + unmountMaxMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
