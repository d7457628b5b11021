import { parseArgs } from 'node:util';
import { notChecked, requireFleet } from '../fleet/missing-parts.ts';
import { say } from './say.ts';

export interface ProofOptions {
  readonly seed: number;
  readonly only: string;
  readonly nodes: number;
}

/** Prints the seed first. Exits where this machine cannot start hosts: what was not proved is no success. */
export async function readProofOptions(name: string): Promise<ProofOptions> {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, only: { type: 'string', default: '' }, nodes: { type: 'string', default: '5' }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    say(`Usage: npm run ${name} -- [--seed N] [--only PART-OF-A-TITLE] [--nodes N]`);
    process.exit(0);
  }
  const missing = await requireFleet(say);
  if (missing.length > 0) {
    say(notChecked(name, missing));
    process.exit(1);
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  say(`${name} -- --seed ${seed} --nodes ${values.nodes}${values.only === '' ? '' : ` --only '${values.only}'`}`);
  return { seed, only: values.only, nodes: Number(values.nodes) };
}
