/** The checked-in file. */
export const FILE: URL;
/** The file's text. */
export function generate(): Promise<string>;
