export const stubDescription = {}
