/** @file A cell of a CSV file. */

/** The text as it stands in a row: quoted where it must be. */
export const csvCell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
