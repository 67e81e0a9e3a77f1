/**
 * @file `npm run -s bench -- shop [ablations|readings]`: `siftrec experiment shop`, `shop-ablation` or `shop-readings`,
 * in one line.
 */
import { briefly, experimentResults, variantOf } from './experiment.ts'
import type { BenchResult } from './result.ts'

/** M³BSR over SASRec, or over the variant that comes after it, in test NDCG@10. */
export async function shop(): Promise<BenchResult> {
  const name = process.argv.includes('ablations')
    ? 'shop-ablation'
    : process.argv.includes('readings')
      ? 'shop-readings'
      : 'shop'
  const [result] = await experimentResults(name)
  const other = name === 'shop' ? 'SASRec' : (result?.variants[1]?.variant ?? '')
  const [ours, peer] = ['M³BSR', other].map(
    (variant) => variantOf(result, variant)?.figures.full?.['ndcg@10']?.mean ?? Number.NaN,
  ) as [number, number]
  const settings = { seeds: result?.seeds, variants: result && briefly(result), table: `docs/results/${name}.md` }
  return { name: 'shop', ours, peer, ratio: ours / peer, unit: `NDCG@10, M³BSR over ${other}`, settings }
}
