const NAME_PATTERN = /^[a-z0-9._-]+(\/[a-z0-9._-]+)*$/;
const PREFIX_PATTERN = /^[a-z0-9._/-]*$/;
const NAME_MAX_LENGTH = 255;

/** Names come from our own code: a bad one is a bug and throws. */
export function assertStoreName(name: string): void {
  if (name.length > NAME_MAX_LENGTH || !NAME_PATTERN.test(name)) {
    throw new TypeError(`not a stream, record, lease or subject name: ${JSON.stringify(name)}`);
  }
}

export function assertStorePrefix(prefix: string): void {
  if (prefix.length > NAME_MAX_LENGTH || !PREFIX_PATTERN.test(prefix)) throw new TypeError(`not a prefix of names: ${JSON.stringify(prefix)}`);
}
