/** Annotations of this host's own Node, read and written with the kubelet's credentials. Nothing rejects but by the signal. */
export interface NodeAnnotations {
  read(key: string, signal: AbortSignal): Promise<AnnotationAnswer>;
  /** @param value null takes it away. @returns '' or why it could not be written */
  write(key: string, value: string | null, signal: AbortSignal): Promise<string>;
}

/** `value` null: the node has no such annotation. */
export type AnnotationAnswer = { readonly reached: true; readonly value: string | null } | { readonly reached: false; readonly why: string };
