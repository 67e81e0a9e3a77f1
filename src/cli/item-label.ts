/** @file How an item is called in a line. */

/** Its title and its id, or the id alone where it has no title. */
export const label = ({ id, title }: { readonly id: string; readonly title: string }): string =>
  title === '' ? id : `${title} (${id})`
