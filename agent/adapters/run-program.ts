import type { RunProgram } from '../ports/programs.ts';
import { startProgram } from './start-program.ts';

/** @throws where the program is not there, and the signal's reason where it fired. */
export const runProgram: RunProgram = async (argv, options) => startProgram(argv, options).ended;
