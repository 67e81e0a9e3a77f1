/** @file Every model by its slug. */
import { unknownName } from '../errors.ts'
import { deepfm } from './clicks/deepfm.ts'
import { din } from './clicks/din.ts'
import { dpn } from './clicks/dpn.ts'
import { eta } from './clicks/eta.ts'
import { fm } from './clicks/fm.ts'
import { lr } from './clicks/lr.ts'
import { twin } from './clicks/twin.ts'
import { youtubeNet } from './clicks/youtube-net.ts'
import type { FittedModel } from './contract/fitted-model.ts'
import type { ModelDefinition } from './contract/model.ts'
import { itemKnn } from './counting/item-knn.ts'
import { lastItem } from './counting/last-item.ts'
import { popularity } from './counting/popularity.ts'
import { diffMsin } from './diff-msin/diff-msin.ts'
import { m3bsr } from './m3bsr/m3bsr.ts'
import { dipn } from './multi-behavior/dipn.ts'
import { ebm } from './multi-behavior/ebm/ebm.ts'
import { kmclr } from './multi-behavior/kmclr/kmclr.ts'
import { mbStr } from './multi-behavior/mb-str/mb-str.ts'
import { nmtr } from './multi-behavior/nmtr.ts'
import { sgdl } from './multi-behavior/sgdl/sgdl.ts'
import { cmclrec } from './multi-modal/cmclrec/cmclrec.ts'
import { hm4sr } from './multi-modal/hm4sr.ts'
import { iisanLast } from './multi-modal/iisan-last.ts'
import { m3srec } from './multi-modal/m3srec.ts'
import { missrec } from './multi-modal/missrec.ts'
import { mmmlp } from './multi-modal/mmmlp.ts'
import { mmsbr } from './multi-modal/mmsbr/mmsbr.ts'
import { sasrecBf } from './multi-modal/sasrec-bf.ts'
import { sasrecf } from './multi-modal/sasrecf.ts'
import { unisrec } from './multi-modal/unisrec.ts'
import { em3 } from './multi-modal-clicks/em3.ts'
import { gmmf } from './multi-modal-clicks/gmmf.ts'
import { lmf } from './multi-modal-clicks/lmf.ts'
import { make } from './multi-modal-clicks/make/make.ts'
import { marn } from './multi-modal-clicks/marn.ts'
import { mtfn } from './multi-modal-clicks/mtfn.ts'
import { naml } from './multi-modal-clicks/naml.ts'
import { qarm } from './multi-modal-clicks/qarm/qarm.ts'
import { simcen } from './multi-modal-clicks/simcen.ts'
import { bert4rec } from './sequential/bert4rec.ts'
import { fdsa } from './sequential/fdsa.ts'
import { gru4rec } from './sequential/gru4rec.ts'
import { sasrec } from './sequential/sasrec.ts'
import { stosa } from './sequential/stosa.ts'
import { sgp4sr } from './sgp4sr/sgp4sr.ts'
import { ssdrec } from './ssdrec/ssdrec.ts'

/** A model of the registry: trained by gradients, or fitted by counting. */
export type ModelEntry = ModelDefinition | FittedModel<unknown>

const models: readonly ModelEntry[] = [
  m3bsr,
  sgp4sr,
  sasrec,
  sasrecf,
  sasrecBf,
  fdsa,
  stosa,
  ssdrec,
  hm4sr,
  unisrec,
  mmmlp,
  iisanLast,
  missrec,
  mmsbr,
  m3srec,
  cmclrec,
  nmtr,
  dipn,
  mbStr,
  sgdl,
  ebm,
  kmclr,
  gru4rec,
  bert4rec,
  popularity,
  itemKnn,
  lastItem,
  diffMsin,
  din,
  dpn,
  eta,
  twin,
  lr,
  fm,
  deepfm,
  youtubeNet,
  lmf,
  mtfn,
  naml,
  em3,
  simcen,
  qarm,
  make,
  marn,
  gmmf,
]

/** The slugs of all models. */
export const modelSlugs: readonly string[] = models.map(({ slug }) => slug)

/** The model of a slug. @throws UserError `unknown`, with the nearest slug as a hint */
export function modelOf(slug: string): ModelEntry {
  const model = models.find((known) => known.slug === slug)
  if (!model) throw unknownName('model', slug, modelSlugs)
  return model
}
