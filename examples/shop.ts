/** @file From files to recommendations in ten lines; run it in a folder that `siftrec simulate` made. */
import {
  evaluate,
  loadDataset,
  localFeatures,
  openRun,
  prepareDataset,
  printReports,
  recommend,
  trainRun,
} from 'siftrec'

const features = localFeatures()
await prepareDataset({
  events: 'events.csv',
  items: 'items.csv',
  images: 'images',
  mapping: 'shop.yaml',
  features,
  out: 'data/shop',
})
const dataset = await loadDataset('data/shop')
await trainRun({ model: 'm3bsr', dataset, out: 'runs/shop', training: { seed: 7, epochs: 3 } })
await using run = await openRun('runs/shop')
const report = await evaluate(run.scorer, run.dataset, run.split, { part: 'test', seed: 7 })
console.log(printReports([report], { plain: true }))
for (const { title, score, modalities } of (await recommend(run, 'user1', { top: 5 })).items)
  console.log(title, score, modalities)
