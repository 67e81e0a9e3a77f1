/** @file Every behavior model by its slug, and the options of all of them. */
import { unknownName } from '../../errors.ts'
import { heads, topItems } from '../parts/click-options.ts'
import type { Backbone, OptionsOf } from './backbone.ts'
import { dinBackbone } from './din.ts'
import { dpnBackbone } from './dpn.ts'
import { etaBackbone } from './eta.ts'
import { twinBackbone } from './twin.ts'

/** The slugs of the behavior models. */
export const backboneSlugs = ['din', 'dpn', 'eta', 'twin'] as const

/**
 * The options of every behavior model: what one name stands for in several of them is the same. TWIN alone has more
 * heads and keeps more events by default than the others.
 */
export const backboneOptions = {
  ...dinBackbone.options,
  ...dpnBackbone.options,
  ...etaBackbone.options,
  ...twinBackbone.options,
  heads,
  topItems,
}

/** The values of {@link backboneOptions}. */
export type BackboneOptions = OptionsOf<typeof backboneOptions>

/** A behavior model that takes its own of everybody's options. */
type AnyBackbone = Pick<Backbone<typeof backboneOptions>, 'slug' | 'build'>

const backbones: readonly AnyBackbone[] = [dinBackbone, dpnBackbone, etaBackbone, twinBackbone]

/** The behavior model of a slug. @throws UserError `unknown`, with the nearest slug as a hint */
export function backboneOf(slug: string): AnyBackbone {
  const backbone = backbones.find((known) => known.slug === slug)
  if (!backbone) throw unknownName('backbone', slug, backboneSlugs)
  return backbone
}
