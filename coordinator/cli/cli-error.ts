import { EXIT, type ExitCode } from './exit-code.ts';

export type CliErrorCode = 'usage' | 'not-reachable' | 'certificate-refused' | 'no-permission' | 'not-allowed' | 'not-found' | 'refused' | 'bad-file' | 'operator-file-unusable' | 'coordinator-failed' | 'interrupted';

/** Something that a person can mend: printed as cause and remedy, without a stack. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly remedy: string;
  readonly exitCode: ExitCode;

  constructor(code: CliErrorCode, message: string, remedy: string) {
    super(message);
    this.name = 'CliError';
    this.code = code;
    this.remedy = remedy;
    this.exitCode = EXIT_BY_CODE[code];
  }
}

const EXIT_BY_CODE: Readonly<Record<CliErrorCode, ExitCode>> = {
  usage: EXIT.usage,
  'not-reachable': EXIT.unreachable,
  'certificate-refused': EXIT.unreachable,
  'no-permission': EXIT.unreachable,
  'not-allowed': EXIT.unreachable,
  'operator-file-unusable': EXIT.unreachable,
  'not-found': EXIT.failed,
  refused: EXIT.failed,
  'bad-file': EXIT.failed,
  'coordinator-failed': EXIT.failed,
  interrupted: EXIT.interrupted,
};
