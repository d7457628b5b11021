import { status, type handleClientStreamingCall, type ServerReadableStream } from '@grpc/grpc-js';

import { ARTIFACT_MAX_BYTES, SHA256_PATTERN } from '../../shared/domain/step-limits.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { AddArtifactRequest__Output, AddArtifactResponse, ArtifactHead__Output, FleetHandlers } from '../../shared/wire/messages.ts';
import type { AddCode, ArtifactFolder, StoredArtifact } from '../adapters/artifact-folder.ts';
import { isLiving } from '../core/rollout.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import { ApiError, badRequest, notFound, refused } from './api-error.ts';
import { audited, type Gate, toStatus, unary } from './unary.ts';
import type { Who } from './who.ts';

/** One line of a terminal. */
const NAME_PATTERN = /^[^\p{Cc}]{0,128}$/u;
/** Who sends nothing for so long is gone, or stopped: the file is to be added again. */
const IDLE_MAX_MS = 60_000;

const STATUS_OF: Readonly<Record<AddCode, status>> = { 'artifact-corrupt': status.INVALID_ARGUMENT, 'artifact-under-way': status.FAILED_PRECONDITION, 'disk-full': status.RESOURCE_EXHAUSTED };

export interface ArtifactApiParts {
  readonly state: FleetState;
  readonly controller: Controller;
  readonly artifacts: ArtifactFolder;
  readonly clock: Clock;
}

type AddCall = ServerReadableStream<AddArtifactRequest__Output, AddArtifactResponse>;

/** The files that steps bring to hosts. */
export function artifactApiHandlers(gate: Gate, parts: ArtifactApiParts): Pick<FleetHandlers, 'AddArtifact' | 'ListArtifacts' | 'RemoveArtifact'> {
  const { state, controller, artifacts } = parts;
  return {
    AddArtifact: adding(gate, parts),

    ListArtifacts: unary(gate, { role: 'viewer', action: null }, async () => ({ artifacts: [...(await artifacts.list())] })),

    RemoveArtifact: unary(gate, { role: 'operator', action: 'artifact remove', object: ({ sha256 }) => sha256 }, async ({ sha256 }) => {
      checkSha256(sha256);
      // Between two commands: a rollout that names it cannot start meanwhile.
      await controller.command(async () => {
        const user = [...state.rollouts.values()].find((rollout) => isLiving(rollout) && names(rollout.frozen.sequences, sha256));
        if (user !== undefined) throw refused(`rollout ${user.id} is not over and its hosts may still fetch ${sha256}; wait for it, or abort it`);
        if ((await artifacts.find(sha256)) === null) throw notFound('artifact', sha256, 'farrier artifact ls');
        await artifacts.remove(sha256);
      });
      return {};
    }),
  };
}

/** Whatever step says so: a kind that nobody thought of here must not lose its file. */
function names(sequences: unknown, sha256: string): boolean {
  return JSON.stringify(sequences).includes(sha256);
}

function adding(gate: Gate, parts: ArtifactApiParts): handleClientStreamingCall<AddArtifactRequest__Output, AddArtifactResponse> {
  return (call, callback) => {
    // A sender that goes away ends the reading below; without a listener it would end the process.
    call.on('error', () => undefined);
    let idle: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(idle);
      idle = setTimeout(() => call.destroy(new ApiError(status.DEADLINE_EXCEEDED, `nothing arrived for ${IDLE_MAX_MS / 1000} s; add the file again`)), IDLE_MAX_MS);
    };
    watch();
    add(gate, parts, call, watch)
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(toStatus(gate, error)),
      )
      .finally(() => clearTimeout(idle));
  };
}

async function add(gate: Gate, parts: ArtifactApiParts, call: AddCall, heard: () => void): Promise<AddArtifactResponse> {
  // Before anything is awaited: the certificate is gone when the connection is.
  const who = await gate.identify(call);
  const messages = partsOf(call, heard);
  const first = await messages.next();
  const head = first.done === true ? null : first.value.head;
  if (!head) throw badRequest('the first message has to name the file; this program may be older than the coordinator');
  return await audited(gate, who, { role: 'operator', action: 'artifact add', object: `${head.sha256} ${head.name}` }, async () => await addNamed(parts, checked(head), who, messages));
}

async function addNamed({ artifacts, clock }: ArtifactApiParts, head: ArtifactHead__Output, who: Who, messages: AsyncIterable<AddArtifactRequest__Output>): Promise<AddArtifactResponse> {
  const before = await artifacts.find(head.sha256);
  if (before?.size === head.size) return { artifact: before, layHereAlready: true };
  const wanted: StoredArtifact = { sha256: head.sha256, size: head.size, name: head.name, addedBy: who.name, addedUnixMs: clock.wallUnixMs() };
  const added = await artifacts.add(wanted, chunksOf(messages));
  if (!added.ok) throw new ApiError(STATUS_OF[added.code], added.message);
  return { artifact: added.artifact, layHereAlready: false };
}

function checked(head: ArtifactHead__Output): ArtifactHead__Output {
  checkSha256(head.sha256);
  if (!NAME_PATTERN.test(head.name)) throw badRequest('a name has at most 128 characters and stands on one line');
  if (!Number.isSafeInteger(head.size) || head.size < 1 || head.size > ARTIFACT_MAX_BYTES) throw badRequest(`the file has ${head.size} bytes; from 1 to ${ARTIFACT_MAX_BYTES} are taken`);
  return head;
}

function checkSha256(sha256: string): void {
  if (!SHA256_PATTERN.test(sha256)) throw badRequest('an artifact is named by its sha256: 64 lower-case hex digits, as `farrier artifact ls` shows them');
}

async function* partsOf(call: AddCall, heard: () => void): AsyncGenerator<AddArtifactRequest__Output> {
  for await (const message of call as AsyncIterable<AddArtifactRequest__Output>) {
    heard();
    yield message;
  }
}

async function* chunksOf(messages: AsyncIterable<AddArtifactRequest__Output>): AsyncGenerator<Uint8Array> {
  for await (const { chunk } of messages) if (chunk) yield chunk;
}
