/** Runs functions one after another in the order they were given; a failed one does not stop the next. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    // The tail only orders; whoever called gets the failure.
    this.#tail = result.catch(() => undefined);
    return await result;
  }
}
