/** @file How a model that fuses an item's modalities into one vector reads candidates and histories. */
import type { Impressions } from '../../batches/impressions.ts'
import type { Tensor } from '../../tensor/node.ts'
import { dims } from '../../tensor/shape.ts'
import type { CatalogShape } from '../contract/catalog.ts'
import { catalogOnce, type OfItems, readsCatalog } from '../parts/catalog-once.ts'
import { withBehavior } from '../parts/field-embeddings.ts'
import type { VectorsOfItems } from '../parts/item-vectors.ts'
import { meanOverHistory } from '../parts/mean-over-history.ts'
import type { VectorFusion } from '../parts/vector-fusion.ts'

/** What is read of a batch. */
export interface FusedReading {
  /** The candidates' fused vectors, [B, O]. */
  readonly target: Tensor
  /** The mean of the events', [H, O]; zeros of a history without any. */
  readonly interest: Tensor
}

/** The fusions of candidates and of events; one fusion may be both. */
export interface Fusions {
  readonly target: VectorFusion
  readonly event: VectorFusion
}

/**
 * Reads batches; parameter `field.behavior` [behaviors + 1, O], which is added to events after their fusion, so that a
 * fused vector hangs on the item alone. The whole catalog is fused once where a batch reads more items than there are,
 * and for all requests.
 * @param fuse whether events are fused and then averaged, or their modalities averaged and then fused
 */
export function fusedReading(
  catalog: CatalogShape,
  width: number,
  fuse: 'events' | 'pooled',
): (batch: Impressions, vectors: VectorsOfItems, fusions: Fusions) => FusedReading {
  const done = withBehavior(catalog, width)
  return (batch, vectors, { target, event }) => {
    const { item_B, history_HL, behavior_HL, mask_HL } = batch
    const whole = readsCatalog(catalog, batch)
    const fused = (by: VectorFusion): OfItems => catalogOnce(whole, (ids) => by(vectors(ids)))
    const targets = fused(target)
    const events = event === target ? targets : fused(event)
    const pooled = (): Tensor => {
      const [histories, length] = dims(history_HL, 2)
      const means = vectors(history_HL).map((x_HLD) => meanOverHistory(x_HLD, mask_HL))
      return event(means).unsqueeze(1).expand([histories, length, width])
    }
    const events_HLO = fuse === 'events' ? events(history_HL) : pooled()
    return { target: targets(item_B), interest: meanOverHistory(done(events_HLO, behavior_HL), mask_HL) }
  }
}
