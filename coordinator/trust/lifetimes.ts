const DAY_MS = 24 * 3_600_000;

/** Short, because renewal needs nobody. */
export const NODE_CERTIFICATE_LIFE_MS = 30 * DAY_MS;
export const OPERATOR_CERTIFICATE_LIFE_MS = 90 * DAY_MS;
/** Reissued by itself at a start past half of it. */
export const SERVER_CERTIFICATE_LIFE_MS = 730 * DAY_MS;
export const CA_CERTIFICATE_LIFE_MS = 20 * 365 * DAY_MS;
/** An expired, unrevoked certificate may renew itself this long: edge hosts come back after a year. */
export const RENEW_GRACE_MS = 365 * DAY_MS;
/** Longer than the grace: a host that comes back with an old document still knows its plan keys until it has a new one. */
export const TRUST_DOCUMENT_LIFE_MS = 400 * DAY_MS;
/** Host clocks are behind at times; a certificate that is not yet valid fails without a good message. */
export const BACKDATE_MS = 3_600_000;
