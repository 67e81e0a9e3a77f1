/**
 * @file `npm run -s bench -- titles`: what the sentence encoder knows of film titles. The share of genres that a film
 * has in common with the ten nearest by their titles' vectors, beside that by the local encoder and by chance.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSentenceEncoder } from '../src/features/sentence.ts'
import { textEncoder } from '../src/features/text.ts'
import { randomStream } from '../src/random/stream.ts'
import { type BenchResult, mean } from './result.ts'

const [count, near] = [900, 10]

/** The mean Jaccard index of genres over all pairs of a film and one of its nearest ten. */
export async function titles(): Promise<BenchResult> {
  const path = join(process.env['SIFTREC_DATA'] ?? '../shared/data', 'ml-latest-small/movies.csv')
  // The films are drawn once, so that those of one year do not come together.
  const all = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => /^\d+,(?:"(?<quoted>.*)"|(?<plain>[^,]*)),(?<genres>[^,]*)$/.exec(line.trim())?.groups)
  const known = all.flatMap((film) =>
    film && film['genres'] !== '(no genres listed)'
      ? [{ title: film['quoted'] ?? film['plain'] ?? '', genres: new Set(film['genres']?.split('|')) }]
      : [],
  )
  const random = randomStream(0)
  const films = known
    .map((film) => ({ film, place: random.normal() }))
    .sort((a, b) => a.place - b.place)
    .slice(0, count)
    // The year is no part of a title's meaning.
    .map(({ film }) => ({ ...film, title: film.title.replace(/ \(\d{4}\)$/, '') }))
  const names = films.map(({ title }) => title)
  await using sentence = await openSentenceEncoder()
  const began = process.cpuUsage()
  const meaning: number[] = []
  for (let at = 0; at < count; at += sentence.batchSize)
    meaning.push(...(await sentence.encode(names.slice(at, at + sentence.batchSize))))
  const { user, system } = process.cpuUsage(began)
  const { vectors: spelling } = await (await textEncoder()).encode(names)
  const genres = films.map((film) => film.genres)
  const [ours, local] = [overlap(Float32Array.from(meaning), genres), overlap(spelling, genres)]
  const noise = Float32Array.from({ length: count * 8 }, () => random.normal())
  const settings = {
    films: count,
    near,
    chance: overlap(noise, genres),
    titlesPerProcessorSecond: (count * 1e6) / (user + system),
  }
  return { name: 'titles', ours, peer: local, ratio: ours / local, unit: 'overlap of genres; peer: local', settings }
}

function overlap(vectors: Float32Array, genres: readonly ReadonlySet<string>[]): number {
  const width = vectors.length / count
  return mean(
    genres.map((own, film) => {
      const others = genres.flatMap((theirs, other) => (other === film ? [] : [{ other, theirs }]))
      const likeness = others.map(({ other, theirs }) => {
        let product = 0
        for (let at = 0; at < width; at++)
          product += (vectors[film * width + at] as number) * (vectors[other * width + at] as number)
        return { product, theirs }
      })
      const nearest = likeness.sort((a, b) => b.product - a.product).slice(0, near)
      return mean(nearest.map(({ theirs }) => jaccard(own, theirs)))
    }),
  )
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((one) => b.has(one)).length
  return both / (a.size + b.size - both)
}
