// npm run prove:steps: what the reversible steps promise, on real hosts.
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';

const { only } = await readProofOptions('prove:steps');
const sections = new ProofSections(only);

process.exitCode = sections.end();
