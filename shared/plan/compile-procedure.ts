import type { Procedure } from '../domain/procedure.ts';
import type { WrittenProcedure } from './plan-schema.ts';
import { compilePackagesProcedure } from './procedures/packages-procedure.ts';

export function compileProcedure({ packages }: WrittenProcedure): Procedure {
  if (packages !== undefined) return compilePackagesProcedure(packages);
  throw new Error('a procedure without a name passed the cross-check');
}
