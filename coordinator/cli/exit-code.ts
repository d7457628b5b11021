/** What a script can rely on; printed by `farrier --help`. */
export const EXIT = {
  ok: 0,
  /** Refused, not found, a file with mistakes. */
  failed: 1,
  usage: 2,
  /** No connection, or none that may do this: not reachable, operator file or certificate refused, no permission, a role that is too low. */
  unreachable: 3,
  /** A watched rollout ended otherwise than completed. */
  notCompleted: 4,
  /** `rollout watch --until-paused` saw it paused or held. */
  paused: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
  0    done; a watched rollout completed
  1    refused, not found, or a file has mistakes
  2    the command line is wrong
  3    no connection to the coordinator: not reachable, operator file or certificate
       refused, no permission, a role that is too low
  4    a watched rollout ended otherwise: failed, aborted or rolled back
  5    rollout watch --until-paused: it is paused or held
  130  interrupted; what the coordinator was told goes on`;
