/** Names and numbers that travel through the whole product. Parsed once at the boundary, plain afterwards. */
export type FleetName = string;
export type NodeName = string;
export type RolloutId = string;
export type WaveName = string;

/** Of one node, counted up by the coordinator; a newer assignment has a higher one. */
export type Generation = number;

/** Beyond it no honest host can be; below it a coordinator can count on for ever and stays exact (2^53). */
export const GENERATION_MAX = 2 ** 52;

/** Counts leaders of a fleet; a deposed leader's is too low for the ledger and for the agents. */
export type Epoch = number;

/** sha256 in lower-case hex. */
export type Digest = string;

/** A node's name becomes part of unit names, paths and certificates: RFC 1123 subdomain, at most 63 characters. */
export const NODE_NAME_PATTERN = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
