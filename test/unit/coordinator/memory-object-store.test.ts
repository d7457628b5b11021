import { memoryObjectStore } from '../../support/memory-object-store.ts';
import { describeObjectStore } from '../../support/object-store-cases.ts';

const store = memoryObjectStore();
describeObjectStore('in memory', { store: () => store, inParts: true });
