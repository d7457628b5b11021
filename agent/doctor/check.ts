/** One thing that must hold for this host to be upgraded, looked at without changing anything. */
export interface Check {
  readonly name: string;
  run(): Promise<Finding>;
}

export type Finding =
  | { readonly status: 'ok'; readonly detail: string }
  | { readonly status: 'warning' | 'failed'; readonly detail: string; readonly remedy: string };

export function ok(detail: string): Finding {
  return { status: 'ok', detail };
}

export function failed(detail: string, remedy: string): Finding {
  return { status: 'failed', detail, remedy };
}

export function warning(detail: string, remedy: string): Finding {
  return { status: 'warning', detail, remedy };
}

/** Runs every check; one that throws has found something too. */
export async function runChecks(checks: readonly Check[]): Promise<readonly { readonly name: string; readonly finding: Finding }[]> {
  return await Promise.all(
    checks.map(async ({ name, run }) => {
      try {
        return { name, finding: await run() };
      } catch (error) {
        return { name, finding: failed(error instanceof Error ? error.message : String(error), 'see the message') };
      }
    }),
  );
}
