// What may stand in a step. Names end up in argument lists and paths, so nothing can look like an option,
// a pattern or a second path segment. The plan parser and the decoder of sequences hold to the same rules.

/** Debian policy 5.6.1, without an architecture qualifier. */
export const PACKAGE_NAME_PATTERN = /^[a-z0-9][a-z0-9+.-]{1,127}$/;

/** Debian policy 5.6.12: exact, with epoch and revision as the package system writes them. */
export const PACKAGE_VERSION_PATTERN = /^(?:\d{1,9}:)?\d[A-Za-z0-9.+~:-]{0,127}$/;

/** A service unit, or an instance of a template; a template alone cannot run. */
export const UNIT_NAME_PATTERN = /^(?=.{1,128}$)[A-Za-z0-9_][A-Za-z0-9:_.\\-]*(?:@[A-Za-z0-9:_.\\-]+)?\.service$/;

/** One path segment under /etc/farrier/sources.d. */
export const SOURCE_NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Long enough for `restart-` and the longest unit. */
export const STEP_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9 ._@:\\+-]{0,159}$/;

export const STEPS_MAX = 64;
export const PACKAGES_MAX = 256;
export const SOURCES_MAX = 16;
export const LOOKS_MAX = 100;
export const REBOOT_UNITS_MAX = 32;
export const LOOK_INTERVAL_MAX_MS = 60_000;
export const STEP_TIMEOUT_MAX_MS = 24 * 3_600_000;
