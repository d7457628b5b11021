import type { StepBase } from '../step-base.ts';
import type { ArtifactRef } from './artifact-ref.ts';

/** Brings container images to a host before anything there asks for them. An image that is there under its ID is left alone. */
export interface ImagesSpec extends StepBase {
  readonly kind: 'images';
  readonly source: ImageSource;
  /** Kept from the kubelet's garbage collection. K3s pins by itself what it imports. */
  readonly pin: boolean;
}

/**
 * containerd  archives, into its namespace of Kubernetes
 * k3s         archives, by a rename into K3s' folder of images, which it imports when it starts
 * docker      what Docker has on this host, into containerd
 */
export type ImageSource =
  | { readonly kind: 'containerd'; readonly archives: readonly ImageArchive[] }
  | { readonly kind: 'k3s'; readonly archives: readonly (ImageArchive & { /** One path segment. */ readonly fileName: string })[] }
  | { readonly kind: 'docker'; /** Whole names; none twice. */ readonly images: readonly string[] };

/** `images`: what the archive has to hold, and nothing else. No name stands in two archives. */
export interface ImageArchive extends ArtifactRef {
  readonly images: readonly PinnedImage[];
}

export interface PinnedImage {
  /** Whole: with its registry and a tag. */
  readonly name: string;
  /** Digest of its configuration, as every runtime calls it: `sha256:…`. */
  readonly id: string;
}
