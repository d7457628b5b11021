import { createHash } from 'node:crypto';
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Digest, Generation } from '../../shared/domain/ids.ts';
import { envelopeFromJson, envelopeToJson } from '../../shared/trust/envelope-json.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { syncFolder, writeDurably } from '../../shared/files/write-durably.ts';
import { isDiskFull } from '../core/disk-full.ts';
import type { PermitQuestion } from '../core/admit-permit.ts';
import type { StepFiles } from '../ports/step-files.ts';

/** Twice this stays of what the programs of one step print. */
const OUTPUT_MAX = 128 * 1024;

export interface StoredEnvelope {
  readonly envelope: Envelope;
  /** Of the file's bytes: what the journal names it by. */
  readonly digest: Digest;
}

/** `<state>/assignments/<generation>/`: envelopes, and a folder for each step. Root only. */
export class AssignmentFiles implements StepFiles {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'assignments');
  }

  /** Durable when it resolves. */
  async keepAssignment(generation: Generation, envelope: Envelope): Promise<Digest> {
    await this.#make(generation);
    return writeHashed(join(this.#folder, String(generation), 'assignment.dsse.json'), JSON.stringify(envelopeToJson(envelope)));
  }

  async readAssignment(generation: Generation): Promise<StoredEnvelope | null> {
    const text = await readOrNull(join(this.#folder, String(generation), 'assignment.dsse.json'));
    const envelope = text === null ? null : envelopeFromJson(parseOrNull(text));
    return text === null || envelope === null ? null : { envelope, digest: sha256(text) };
  }

  /** With the question that it answers, so that the work unit can judge it for itself. */
  async keepPermit(question: PermitQuestion, envelope: Envelope): Promise<Digest> {
    await this.#make(question.generation);
    return writeHashed(join(this.#folder, String(question.generation), 'permit.json'), JSON.stringify({ question, envelope: envelopeToJson(envelope) }));
  }

  async readPermit(generation: Generation): Promise<(StoredEnvelope & { readonly question: PermitQuestion }) | null> {
    const text = await readOrNull(join(this.#folder, String(generation), 'permit.json'));
    const value = text === null ? null : (parseOrNull(text) as { readonly question?: PermitQuestion; readonly envelope?: unknown } | null);
    const envelope = envelopeFromJson(value?.envelope);
    return text === null || envelope === null || value?.question === undefined ? null : { envelope, question: value.question, digest: sha256(text) };
  }

  async folder(generation: Generation, step: number): Promise<string> {
    const folder = this.#step(generation, step);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  async keepPrior(generation: Generation, step: number, prior: unknown): Promise<Digest> {
    const folder = await this.folder(generation, step);
    const digest = await writeHashed(join(folder, 'prior.json'), JSON.stringify(prior));
    for (let path = folder; path.length > this.#folder.length; path = join(path, '..')) await syncFolder(path);
    return digest;
  }

  async readPrior(generation: Generation, step: number, digest: Digest): Promise<unknown> {
    const text = await readOrNull(join(this.#step(generation, step), 'prior.json'));
    return text !== null && sha256(text) === digest ? parseOrNull(text) : undefined;
  }

  output(generation: Generation, step: number): (text: string) => void {
    const path = join(this.#step(generation, step), 'output.log');
    return (text) => {
      try {
        appendFileSync(path, text, { mode: 0o600 });
        if (statSync(path).size > OUTPUT_MAX) renameSync(path, `${path}.1`);
      } catch (error) {
        // What a program prints is worth less than the work that it does.
        if (!isDiskFull(error)) throw error;
      }
    };
  }

  async release(generation: Generation): Promise<void> {
    const steps = join(this.#folder, String(generation), 'steps');
    for (const step of await readdir(steps).catch(() => [])) await rm(join(steps, step, 'reserve'), { force: true });
  }

  async dropFetched(generation: Generation): Promise<void> {
    const steps = join(this.#folder, String(generation), 'steps');
    for (const step of await readdir(steps).catch(() => [])) await rm(join(steps, step, 'fetched'), { recursive: true, force: true });
  }

  /** Forgets assignments that the journal forgot. */
  async forgetBelow(generation: Generation): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (Number(name) < generation) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  #step(generation: Generation, step: number): string {
    return join(this.#folder, String(generation), 'steps', String(step));
  }

  async #make(generation: Generation): Promise<void> {
    const made = await mkdir(join(this.#folder, String(generation)), { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    await syncFolder(this.#folder);
    await syncFolder(join(this.#folder, '..'));
  }
}

async function writeHashed(path: string, text: string): Promise<Digest> {
  await writeDurably(path, text, 0o600);
  return sha256(text);
}

function sha256(text: string): Digest {
  return createHash('sha256').update(text).digest('hex');
}

function readOrNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
