/** Drawing functions by the hash of their text. */
export const compiled: Record<string, (...linked: unknown[]) => object>;
