import { readFileSync, writeFileSync } from 'node:fs';

/**
 * What a stand-in was told to do wrong: /etc/stand-in/<program>.json holds a list of these. The first that fits strikes.
 */
export interface StandInFault {
  /** Name of a point in the program; see POINTS of each program. */
  readonly at: string;
  /** `fail` ends with code 1 and a message, `hang` stays for ever, `crash` dies of SIGKILL. */
  readonly how: 'fail' | 'hang' | 'crash';
  /** Only this version of the program, such as v1.34.1. */
  readonly version?: string;
  /** So much later; the program goes on meanwhile. */
  readonly afterMs?: number;
  /** So many times, then no more: counted down in the file. Without it, each time. */
  readonly times?: number;
  readonly message?: string;
}

/** Thrown at a point that is to fail. */
export class ToldToFail extends Error {}

export function faultFile(program: string): string {
  return `/etc/stand-in/${program}.json`;
}

/** Holds the version of a package whose postinst is to fail. */
export function postinstFaultFile(name: string): string {
  return `/etc/stand-in/${name}.postinst`;
}

/** A point of `program` at which a test may let it fail, hang or crash; costs one look for a file. */
export async function passPoint(program: string, version: string, at: string): Promise<void> {
  const faults = readFaults(program);
  const fault = faults.find((one) => one.at === at && (one.version === undefined || one.version === version) && one.times !== 0);
  if (fault === undefined) return;
  if (fault.times !== undefined) writeFileSync(faultFile(program), JSON.stringify(faults.map((one) => (one === fault ? { ...one, times: (one.times ?? 0) - 1 } : one))));
  console.error(`stand-in: told to ${fault.how} at ${at}`);
  if (fault.afterMs === undefined) await strike(fault);
  else setTimeout(() => void strike(fault).catch((error: unknown) => { console.error(String(error)); process.exit(1); }), fault.afterMs);
}

async function strike({ at, how, message }: StandInFault): Promise<void> {
  switch (how) {
    case 'fail': throw new ToldToFail(message ?? `stand-in: told to fail at ${at}`);
    case 'hang': return new Promise(() => { setInterval(() => undefined, 1 << 30); });
    case 'crash': {
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    }
  }
}

function readFaults(program: string): readonly StandInFault[] {
  try {
    return JSON.parse(readFileSync(faultFile(program), 'utf8')) as readonly StandInFault[];
  } catch {
    return [];
  }
}
