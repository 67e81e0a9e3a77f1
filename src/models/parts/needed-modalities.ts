/** @file Models that are nothing without pictures or texts: they say so before they are trained. */
import type { FeatureModality } from '../../dataset/schema.ts'
import { UserError } from '../../errors.ts'
import { type Featured, presentModalities } from './modalities.ts'

const names = { image: 'picture', text: 'text' } as const
/** What prepare makes their vectors of. */
const sources = {
  image: '--images or --image-features',
  text: 'titles (items.title of the mapping) or --text-features',
} as const

/** What is said where no item has a vector of any modality that a model needs. */
export function noneNeeded(slug: string, needed: readonly FeatureModality[]): UserError {
  const named = (ending: string): string => needed.map((modality) => `${names[modality]}${ending}`).join(' or ')
  return new UserError({
    where: slug,
    problem: 'missing',
    value: `no item with a ${named('')}`,
    expected: `a dataset with ${named('s')}`,
    hint: `prepare it with ${needed.map((modality) => sources[modality]).join(', or ')}`,
  })
}

/** Those of the needed modalities that a catalog has. @throws UserError `missing` where it has none */
export function neededModalities(
  slug: string,
  needed: readonly FeatureModality[],
  catalog: Featured,
): readonly FeatureModality[] {
  const present = presentModalities(catalog).filter((modality) => needed.includes(modality))
  if (present.length === 0) throw noneNeeded(slug, needed)
  return present
}
